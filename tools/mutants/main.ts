import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Mutant, MUTANTS } from './list.ts'

/**
 * Puts each mutant into a copy of the core and looks for what notices it: first the simulation, then the unit and property
 * tests. `npm run mutants` fails if one survives, or if docs/mutants.md says otherwise; `-- --write` writes it anew.
 */

const ROOT = path.resolve(import.meta.dirname, '../..')
const TABLE = path.join(ROOT, 'docs/mutants.md')
const COPIED = ['domain', 'migrations', 'queues/projections', 'tools/simulate', 'package.json', 'tsconfig.base.json']
const WITHIN_MS = 120_000

/** In the order in which they are tried. */
const KILLERS = [
  { name: 'simulation', args: ['tools/simulate/main.ts', '--ops', '6000', '--seed', 'mutants'] },
  {
    name: 'unit tests',
    args: [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--silent',
      '--config',
      'vitest.config.ts',
      'domain/ledger',
      'domain/earning',
    ],
  },
] as const

type Killer = (typeof KILLERS)[number]['name']

interface Verdict {
  readonly mutant: Mutant
  readonly killedBy: Killer | null
}

/** A copy of the core; its packages are those of the repository. */
function copyCore(worker: number): string {
  const copy = path.join(ROOT, 'dist/mutants', String(worker))
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const part of COPIED) cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
  writeFileSync(path.join(copy, 'vitest.config.ts'), 'export default {}\n')
  return copy
}

async function passes(copy: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(process.execPath, [...args], { cwd: copy, timeout: WITHIN_MS, maxBuffer: 50_000_000 })
    return true
  } catch {
    return false
  }
}

async function judge(copy: string, mutant: Mutant): Promise<Verdict> {
  const file = path.join(copy, mutant.file)
  const source = readFileSync(file, 'utf8')
  const parts = source.split(mutant.find)
  if (parts.length !== 2) throw new Error(`"${mutant.name}": ${mutant.file} has its text ${parts.length - 1} times`)
  writeFileSync(file, parts.join(mutant.replace))
  try {
    for (const { name, args } of KILLERS) {
      if (!(await passes(copy, args))) return { mutant, killedBy: name }
    }
    return { mutant, killedBy: null }
  } finally {
    writeFileSync(file, source)
  }
}

/** Judges all mutants, some at once; the healthy copy must pass first, or killing means nothing. */
async function judgeAll(): Promise<Verdict[]> {
  const verdicts = new Map<Mutant, Verdict>()
  const waiting = [...MUTANTS]
  const workers = Array.from({ length: availableParallelism() }, (_, worker) => copyCore(worker))
  for (const { name, args } of KILLERS) {
    const [copy = ''] = workers
    if (!(await passes(copy, args))) throw new Error(`Without any mutant the ${name} must pass, and does not.`)
  }
  await Promise.all(
    workers.map(async (copy) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const verdict = await judge(copy, mutant)
        verdicts.set(mutant, verdict)
        console.log(
          `${verdict.killedBy === null ? 'SURVIVED' : 'killed'}  ${mutant.name} (${verdict.killedBy ?? mutant.file})`,
        )
      }
    }),
  )
  rmSync(path.join(ROOT, 'dist/mutants'), { recursive: true, force: true })
  return MUTANTS.flatMap((mutant) => verdicts.get(mutant) ?? [])
}

function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(
    ({ mutant, killedBy }) => `| ${mutant.name} | \`${mutant.file}\` | ${killedBy ?? '**nothing**'} |`,
  )
  return [
    '# Mutants of the ledger core',
    '',
    'Written by `npm run mutants -- --write`, checked by `npm run mutants`. Each is one fault made by hand',
    '(`tools/mutants/list.ts`), put alone into a copy of the core; the first of simulation and unit tests to notice it is named.',
    '',
    '| fault | file | killed by |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

const verdicts = await judgeAll()
const survivors = verdicts.filter(({ killedBy }) => killedBy === null)
const written = table(verdicts)
if (process.argv.includes('--write')) writeFileSync(TABLE, written)
console.log(`${verdicts.length - survivors.length} of ${verdicts.length} mutants killed`)
const cells = (text: string) => text.replaceAll(/[ -]+/g, ' ')
if (survivors.length > 0) process.exitCode = 1
else if (existsSync(TABLE) && cells(readFileSync(TABLE, 'utf8')) !== cells(written)) {
  console.error('docs/mutants.md says otherwise: npm run mutants -- --write')
  process.exitCode = 1
}
