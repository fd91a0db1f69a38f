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

/** The built Worker's entry module. */
export const WORKER_SCRIPT = 'dist/worker/main.js'

/** Builds what changed since the last build; answers the names of what it built. */
export async function build(root: string, { force = false } = {}): Promise<readonly string[]> {
  const built = await Promise.all([WEB, WORKER].map((target) => buildTarget(root, target, force)))
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
    if (existsSync(final)) renameSync(final, old)
    renameSync(fresh, final)
    writeFileSync(stamp, digest)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
  return target.name
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
  const built = await build(process.cwd(), { force: process.argv.includes('--force') })
  console.log(built.length === 0 ? 'Everything is up to date.' : `Built: ${built.join(', ')}`)
}
