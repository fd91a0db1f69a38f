import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One thing that is built, what it is built from, and how. */
interface Target {
  readonly name: string
  readonly inputs: readonly string[]
  /** Builds into `outdir`, an empty folder that replaces the last build when this succeeds. */
  readonly build: (root: string, outdir: string) => Promise<void>
}

const WEB: Target = {
  name: 'web',
  inputs: ['web/**/*', 'domain/contracts/**/*.ts', 'tools/build-web.ts', 'tsconfig.web.json', 'package-lock.json'],
  build: async (root, outdir) => {
    await node(root, ['tools/build-web.ts', '--outdir', outdir])
  },
}

const WORKER: Target = {
  name: 'worker',
  inputs: [
    '{workers,domain,durable-objects,queues,migrations}/**/*.{ts,sql,json}',
    'wrangler.toml',
    'tsconfig*.json',
    'package-lock.json',
  ],
  build: async (root, outdir) => {
    // The bundle does not hold the assets, but wrangler wants their folder to exist.
    mkdirSync(path.join(root, 'dist/web'), { recursive: true })
    const wrangler = path.join(root, 'node_modules/wrangler/bin/wrangler.js')
    await node(root, [wrangler, 'deploy', '--dry-run', '--outdir', outdir])
  },
}

/** Each folder of functions/ with AssemblyScript in it, compiled to one Wasm module of its name. */
const FUNCTIONS: Target = {
  name: 'functions',
  inputs: ['functions/*/assembly/**/*', 'package-lock.json'],
  build: async (root, outdir) => {
    const compiler = path.join(root, 'node_modules/assemblyscript/bin/asc.js')
    for (const entry of globSync('functions/*/assembly/index.ts', { cwd: root })) {
      const output = path.join(outdir, `${path.basename(path.dirname(path.dirname(entry)))}.wasm`)
      // No garbage collector for a run of a millisecond, no import for traps: Shopify's host offers none.
      const lean = ['--runtime', 'stub', '--use', 'abort=', '--noAssert', '-O3z', '--converge']
      await node(root, [compiler, entry, '--outFile', output, ...lean])
    }
  },
}

/** The built Worker's entry module. */
export const WORKER_SCRIPT = 'dist/worker/main.js'

/** Where a Function's Wasm is, from the root. */
export function functionModule(name: string): string {
  return `dist/functions/${name}.wasm`
}

const TARGETS = [WEB, WORKER, FUNCTIONS]

/** Builds what changed since the last build, of all or of the targets named; answers the names of what it built. */
export async function build(
  root: string,
  { force = false, only }: { readonly force?: boolean; readonly only?: readonly string[] } = {},
): Promise<readonly string[]> {
  const targets = TARGETS.filter(({ name }) => only?.includes(name) ?? true)
  const builds = targets.map((target) => buildTarget(root, target, force))
  // All are waited for: whoever ends the process at the first failure would leave the others' halves lying about.
  await Promise.allSettled(builds)
  const built = await Promise.all(builds)
  return built.filter((name) => name !== undefined)
}

async function buildTarget(root: string, target: Target, force: boolean): Promise<string | undefined> {
  const final = path.join(root, 'dist', target.name)
  const stamp = path.join(root, 'dist', `.${target.name}.sha256`)
  const digest = digestOf(root, target)
  if (!force && existsSync(final) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return undefined
  // Built beside and moved over: two builds at once, or one that fails, leave no half of a build behind.
  const fresh = `${final}.${process.pid}.new`
  const old = `${final}.${process.pid}.old`
  mkdirSync(fresh, { recursive: true })
  try {
    await target.build(root, fresh)
    moveOver(fresh, final, old)
    writeFileSync(stamp, digest)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
  return target.name
}

/** Two that build the same thing at once may meet here: then one of them moves again. */
function moveOver(fresh: string, final: string, old: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (existsSync(final)) renameSync(final, old)
      return renameSync(fresh, final)
    } catch (error) {
      if (attempt === 10) throw error
      rmSync(old, { recursive: true, force: true })
    }
  }
}

function digestOf(root: string, target: Target): string {
  const hash = createHash('sha256')
  for (const file of globSync([...target.inputs], { cwd: root }).toSorted()) {
    const full = path.join(root, file)
    if (statSync(full).isFile()) hash.update(`${file}\0`).update(readFileSync(full))
  }
  return hash.digest('hex')
}

async function node(root: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', CI: '1' }
  try {
    await run(process.execPath, [...args], { cwd: root, env, maxBuffer: 10_000_000 })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    throw new Error(`Building failed: node ${args.join(' ')}\n${output}`, { cause: error })
  }
}

if (import.meta.main) {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
  const unknown = names.find((name) => !TARGETS.some((target) => target.name === name))
  if (unknown !== undefined)
    throw new Error(`There is no ${unknown} to build: ${TARGETS.map(({ name }) => name).join(', ')}`)
  const force = process.argv.includes('--force')
  const built = await build(process.cwd(), names.length === 0 ? { force } : { force, only: names })
  console.log(built.length === 0 ? 'Everything is up to date.' : `Built: ${built.join(', ')}`)
}
