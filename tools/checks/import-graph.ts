import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'vite'

/** One import of one file. */
export interface Import {
  /** The importing file, from the root, with forward slashes. */
  readonly from: string
  /** The imported file from the root, or the package or built-in as written. */
  readonly to: string
  readonly local: boolean
}

/** What a part of the code may import beside itself. */
interface Zone {
  /** The part: a folder, or a folder whose each child is a part of its own (`/*`). */
  readonly folder: string
  /** Files and folders it may import. */
  readonly local: readonly string[] | 'anything'
  /** Packages it may import; a `:` at the end stands for all that begin so. */
  readonly packages: readonly string[] | 'dependencies' | 'anything'
}

/** The first zone that holds a file is the one that counts. */
export const ZONES: readonly Zone[] = [
  { folder: 'domain', local: [], packages: ['zod', 'node:crypto'] },
  { folder: 'migrations', local: ['domain'], packages: 'dependencies' },
  {
    // The hub owns the shop's tokens: it alone makes and seals them.
    folder: 'durable-objects/merchant-hub',
    local: [
      'domain',
      'migrations',
      'durable-objects/kernel',
      'workers/integrations/shopify/oauth.ts',
      'workers/platform/crypto.ts',
    ],
    packages: 'dependencies',
  },
  { folder: 'durable-objects', local: ['domain', 'migrations'], packages: 'dependencies' },
  {
    folder: 'queues',
    local: ['domain', 'migrations', 'workers/platform', 'durable-objects/kernel', 'workers/integrations'],
    packages: 'dependencies',
  },
  {
    folder: 'workers/services/*',
    local: ['domain', 'migrations', 'durable-objects/kernel', 'workers/platform', 'workers/integrations'],
    packages: 'dependencies',
  },
  {
    folder: 'workers/platform',
    local: ['domain', 'durable-objects/kernel', 'migrations'],
    packages: 'dependencies',
  },
  {
    folder: 'workers/integrations',
    local: ['domain', 'durable-objects/kernel', 'workers/platform'],
    packages: 'dependencies',
  },
  {
    folder: 'workers/scheduled',
    local: ['domain', 'durable-objects/kernel', 'workers/platform', 'queues'],
    packages: 'dependencies',
  },
  {
    folder: 'workers/gateway',
    local: [
      'domain',
      'durable-objects/kernel',
      'workers/platform',
      'workers/integrations',
      'workers/services',
      // The document it serves, built from the same list and compared by a test.
      'openapi.json',
    ],
    packages: 'dependencies',
  },
  { folder: 'workers', local: 'anything', packages: 'dependencies' },
  { folder: 'web', local: ['domain/contracts'], packages: [] },
  { folder: 'tools', local: 'anything', packages: 'anything' },
  { folder: 'bench', local: 'anything', packages: 'anything' },
]

/** Tests, their samples and settings of tools may import what they test or set. */
export function isProduction(file: string): boolean {
  return !/\.(test|config)\.ts$|(^|\/)(testing|samples)(\.ts|\/)/.test(file)
}

/** Every TypeScript file of the zones. */
export function sourceFiles(root: string): readonly string[] {
  const folders = [...new Set(ZONES.map(({ folder }) => folder.split('/')[0]))].join(',')
  return globSync(`{${folders}}/**/*.ts`, { cwd: root }).map((file) => file.split(path.sep).join('/'))
}

/** All imports of a file: static, re-exporting, dynamic, and of types. */
export function importsOf(file: string, source: string): readonly Import[] {
  const { module } = parseSync(file, source)
  const requests = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value)),
    // Dynamic ones, and `import('…')` in a type, which the parser does not list.
    ...[...source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)].map(([, request]) => request),
  ]
  return [...new Set(requests)].filter((request) => request !== undefined).map((request) => resolve(file, request))
}

function resolve(from: string, request: string): Import {
  if (!request.startsWith('.')) return { from, to: request, local: false }
  // What stands after the question mark is how the bundler reads the file (`?inline`).
  const [file = ''] = request.split('?')
  return { from, to: path.posix.join(path.posix.dirname(from), file), local: true }
}

export function readImports(root: string): readonly Import[] {
  return sourceFiles(root)
    .filter(isProduction)
    .flatMap((file) => importsOf(file, readFileSync(path.join(root, file), 'utf8')))
}

/** Why an import is not allowed; undefined if it is. */
export function objection({ from, to, local }: Import, dependencies: readonly string[]): string | undefined {
  const zone = ZONES.find(({ folder }) => isIn(from, folder.replace('/*', '')))
  if (zone === undefined) return `${from} is in no zone`
  return local ? localObjection(zone, from, to) : packageObjection(zone, from, to, dependencies)
}

function localObjection(zone: Zone, from: string, to: string): string | undefined {
  if (zone.local === 'anything' || zone.local.some((allowed) => isIn(to, allowed))) return undefined
  const own = zone.folder.endsWith('/*') ? childOf(from, zone.folder.slice(0, -2)) : zone.folder
  return isIn(to, own) ? undefined : `${from} may not import ${to}`
}

function packageObjection(zone: Zone, from: string, to: string, dependencies: readonly string[]): string | undefined {
  const allowed =
    zone.packages === 'anything' ||
    (zone.packages === 'dependencies'
      ? /^(node|cloudflare):/.test(to) || dependencies.some((name) => isIn(to, name))
      : zone.packages.includes(to))
  return allowed ? undefined : `${from} may not import the package ${to}`
}

function isIn(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`)
}

function childOf(file: string, folder: string): string {
  return `${folder}/${file.slice(folder.length + 1).split('/')[0]}`
}
