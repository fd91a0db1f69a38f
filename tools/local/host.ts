import { parseOptions } from './options.ts'
import { PortTakenError } from './ports.ts'
import { startStack, type Stack } from './stack.ts'
import { AlreadyRunningError, statePaths } from './state.ts'
import { ready, say, warn } from './screen.ts'

/**
 * The process that holds the stack; `start.ts` starts it. It is no child of the terminal, so that Ctrl-C reaches
 * nothing in it before it stops in order. It stops when told to, and when `start.ts` is gone however that happened.
 */
const options = parseOptions(process.argv.slice(2))
if (options === 'help') throw new Error('host.ts is started by start.ts')
/** A second less than people wait for Ctrl-C. */
const STOP_TIMEOUT_MS = 4500
const beginMs = Date.now()

let stack: Stack | undefined
const starting = new AbortController()
let exitCode: number | undefined
function stop(code: number): void {
  if (exitCode !== undefined) return
  exitCode = code
  setTimeout(endGroup, STOP_TIMEOUT_MS).unref()
  // While it is still starting, startStack itself ends what there is.
  starting.abort()
  void stack?.stop().then(() => process.exit(code))
}
/** It did not stop in order in time. All of it is in this process group. */
function endGroup(): void {
  if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL')
  process.exit(1)
}
process.on('message', (message) => {
  if (message !== 'stop') return
  say('Stopping')
  stop(0)
})
process.on('disconnect', () => {
  stop(1)
})
process.on('SIGTERM', () => {
  stop(0)
})

try {
  const { port, dir, direct } = options
  const databaseUrl = process.env['DATABASE_URL'] || undefined
  stack = await startStack({ port, dir, direct, databaseUrl, signal: starting.signal, progress: say, trouble: warn })
  if (starting.signal.aborted) await stack.stop()
  starting.signal.throwIfAborted()
  ready(stack.info, { seconds: (Date.now() - beginMs) / 1000, log: statePaths(dir).workerLog, direct })
  const died = await stack.died
  warn(`${died} Stopping the rest; state is kept in ${dir}.`)
  stop(1)
} catch (error) {
  if (exitCode === undefined) explain(error)
  process.exit(exitCode ?? 1)
}

function explain(error: unknown): void {
  warn(error instanceof Error ? error.message : String(error))
  if (error instanceof PortTakenError || error instanceof AlreadyRunningError) return
  say('If the state is one of another version, begin anew: npm start -- --reset')
}
