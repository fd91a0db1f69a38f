import { DEFAULT_PORT, parseOptions } from './options.ts'
import { startStack, type Stack } from './stack.ts'
import { statePaths } from './state.ts'
import { ready, say, warn } from './screen.ts'

/**
 * The process that holds the stack; `start.ts` starts it. It is no child of the terminal, so that Ctrl-C reaches
 * nothing in it before it stops in order. It stops when told to, and when `start.ts` is gone however that happened.
 */
const options = parseOptions(process.argv.slice(2))
if (options === 'help') throw new Error('host.ts is started by start.ts')
const beginMs = Date.now()

let stack: Stack | undefined
let stopping: Promise<void> | undefined
function stop(code: number): void {
  stopping ??= (async () => {
    if (stack === undefined) endGroup(code)
    await stack?.stop()
    process.exit(code)
  })()
}
/** Still starting: nothing of it can stop in order yet, but all of it is in this process group. */
function endGroup(code: number): never {
  if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL')
  process.exit(code)
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
  stack = await startStack({ port, dir, direct, databaseUrl, progress: say, trouble: warn })
  ready(stack.info, { seconds: (Date.now() - beginMs) / 1000, log: statePaths(dir).workerLog, direct })
  const died = await stack.died
  warn(`${died} Stopping the rest; state is kept${port === DEFAULT_PORT ? '' : ` in ${dir}`}.`)
  stop(1)
} catch (error) {
  warn(error instanceof Error ? error.message : String(error))
  stop(1)
}
