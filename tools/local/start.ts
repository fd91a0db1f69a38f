import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { HELP, parseOptions, UsageError } from './options.ts'
import { warn } from './screen.ts'
import { AlreadyRunningError, forgetStale, resetState, statePaths } from './state.ts'

/**
 * `npm start`. The stack itself is in `host.ts`, a process group of its own: each of the two notices when the other
 * is gone, whatever ended it, and leaves nothing running. The npm script says `exec`, so that npm's signals come here
 * and not to a shell between.
 */
const POSIX = process.platform !== 'win32'
/** npm passes a Ctrl-C on that the terminal has sent already; only a later one is a second Ctrl-C. */
const ECHO_MS = 500

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const options = parseOptions(args)
  if (options === 'help') {
    console.log(HELP)
    return
  }
  const paths = statePaths(options.dir)
  if (options.reset) await resetState(paths)
  forgetStale(paths)
  const host = spawn(process.execPath, [path.join(import.meta.dirname, 'host.ts'), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: POSIX,
  })
  passSignals(host)
  if (process.env['npm_lifecycle_event'] === 'start') stopWithParent(host)
  host.once('exit', (code) => {
    // What is left of it, if it was killed.
    endGroup(host)
    forgetStale(paths)
    process.exit(code ?? 1)
  })
}

function passSignals(host: ChildProcess): void {
  let firstMs: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstMs === undefined) {
        firstMs = Date.now()
        host.send('stop')
      } else if (Date.now() - firstMs > ECHO_MS) {
        warn('Ended by force.')
        endGroup(host)
        process.exit(130)
      }
    })
  }
}

/** npm may be ended in a way that it cannot pass on. */
function stopWithParent(host: ChildProcess): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    host.send('stop')
  }, 500)
}

/** Ends whatever of the stack is still there. Postgres recovers from this, and workerd's state is made for it. */
function endGroup(host: ChildProcess): void {
  if (host.pid === undefined) return
  try {
    process.kill(POSIX ? -host.pid : host.pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError || error instanceof AlreadyRunningError)) throw error
  warn(error.message)
  process.exitCode = 1
}
