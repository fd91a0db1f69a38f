import path from 'node:path'
import { parseArgs } from 'node:util'

/** What `npm start` was asked to do. */
export interface StartOptions {
  /** The app's port; the Shopify stand-in takes the next one. 0: any free ports. */
  readonly port: number
  /** Where all state lives. */
  readonly dir: string
  /** Serve on workerd's own socket instead of Miniflare's entry. */
  readonly direct: boolean
  /** Forget all state first. */
  readonly reset: boolean
}

export const DEFAULT_PORT = 8787
export const DEFAULT_DIR = '.loyalnest'

export const HELP = `Starts all of LoyalNest on this machine: the built Worker on workerd, PostgreSQL, a Shopify stand-in, a demo shop.

  npm start                      the app at http://127.0.0.1:${DEFAULT_PORT}, the Shopify stand-in one port above
  npm start -- --port 9000       the app at 9000, the stand-in at 9001; 0 takes any free ports
  npm start -- --reset           forgets all state first
  npm start -- --direct          serves on workerd's own socket, without the development proxy (for load)
  npm start -- --dir <folder>    keeps the state there instead of in ${DEFAULT_DIR}; two stacks may run side by side
  DATABASE_URL=… npm start       uses that Postgres, or Neon, instead of the one it brings along

Ctrl-C stops everything. State stays, and the next start continues with it.
Addresses and keys are in ${DEFAULT_DIR}/local.json while it runs, the Worker's log lines in ${DEFAULT_DIR}/worker.log.`

/** The command line was wrong; the message says how. */
export class UsageError extends Error {}

/** @throws UsageError for an unknown option or a port that is none */
export function parseOptions(args: readonly string[]): StartOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const port = Number(values.port)
  if (!/^\d{1,5}$/.test(values.port) || port > 65_534) {
    throw new UsageError(`--port ${values.port}: a number from 0 to 65534 is needed.`)
  }
  return { port, dir: path.resolve(values.dir), direct: values.direct, reset: values.reset }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: String(DEFAULT_PORT) },
        dir: { type: 'string', default: DEFAULT_DIR },
        direct: { type: 'boolean', default: false },
        reset: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, { cause: error })
  }
}
