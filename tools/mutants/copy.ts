import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Mutant } from './mutant.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const COPIED = [
  'domain',
  'migrations',
  'queues/projections',
  'tools/simulate',
  'tools/mutants',
  'package.json',
  'tsconfig.base.json',
]

/** A copy of the core in `dist/mutants`; its packages are those of the repository. @returns where it is */
export function copyCore(name: string): string {
  const copy = path.join(ROOT, 'dist/mutants', name)
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const part of COPIED) cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
  return copy
}

export function removeCopy(copy: string): void {
  rmSync(copy, { recursive: true, force: true })
}

/**
 * Puts a mutant into a copy. @returns what takes it out again
 * @throws when its place is not there exactly once: the code has changed, and the mutant must follow.
 */
export function mutate(copy: string, { name, file: relative, find, replace }: Mutant): () => void {
  const file = path.join(copy, relative)
  const source = readFileSync(file, 'utf8')
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`"${name}": ${relative} has its text ${parts.length - 1} times`)
  writeFileSync(file, parts.join(replace))
  return () => writeFileSync(file, source)
}
