import { randomInt } from 'node:crypto'
import path from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `Runs the built Worker on workerd, with its state on disk, under many clients, and breaks it again and again.

  npm run chaos                     50 kills, or 5 minutes
  npm run chaos -- --kills 500      so many times SIGKILL, with pauses, full disks, and Postgres and D1 gone in between
  npm run chaos -- --seconds 600    at most so long
  npm run chaos -- --seed abc       the same plan of faults again; what clients do meanwhile depends on time too
  npm run chaos -- --clients 24     so many at once
  npm run chaos -- --short          10 kills, as CI runs it
  npm run chaos -- --keep           leaves the state behind, also when all is well

Then everything comes to rest, and all that was acknowledged is looked for in the ledgers. Code 1 if anything is wrong.`

export interface ChaosOptions {
  readonly kills: number
  readonly seconds: number
  readonly seed: string
  readonly clients: number
  readonly customers: number
  /** Between two faults. */
  readonly calmMs: readonly [number, number]
  /** How long one lasts. */
  readonly faultMs: readonly [number, number]
  readonly killsWithin: number
  readonly keep: boolean
  /** Where the result is written as JSON. */
  readonly out: string
}

const SHORT = {
  kills: 10,
  // Enough for ten on a machine that is busy with the rest of the tests.
  seconds: 240,
  clients: 8,
  customers: 12,
  calmMs: [200, 800],
  faultMs: [200, 800],
  killsWithin: 0.8,
} as const

/** What the command line asks for; null: help. @throws for what it does not know */
export function parseChaosOptions(args: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '300' },
      seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
      clients: { type: 'string', default: '16' },
      out: { type: 'string', default: path.resolve('dist/chaos.json') },
      short: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { seed, keep, out } = values
  if (values.short) return { ...SHORT, seed, keep, out }
  return {
    kills: count(values.kills, '--kills'),
    seconds: count(values.seconds, '--seconds'),
    clients: count(values.clients, '--clients'),
    customers: 60,
    calmMs: [200, 1_500],
    faultMs: [300, 2_000],
    killsWithin: 0.4,
    seed,
    keep,
    out,
  }
}

function count(text: string, name: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} ${text}: a whole number from 1 is needed.`)
  return value
}
