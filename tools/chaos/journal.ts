import { appendFileSync, readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * What the clients know, one JSON line each, written before it is acted upon and before it counts: an intention before its
 * first request, an acknowledgement before the client goes on. It is all that the audit knows of the outside world.
 */

const customer = z.string()
const Line = z.discriminatedUnion('kind', [
  /** A write of the public API. `businessId`: what it must be booked under. */
  z.object({
    kind: z.literal('write'),
    key: z.string(),
    method: z.literal('POST'),
    path: z.string(),
    body: z.record(z.string(), z.unknown()),
    businessId: z.string(),
    points: z.int(),
  }),
  /** Its first final answer. 200: booked, as `seq` of `account`. */
  z.object({
    kind: z.literal('answer'),
    key: z.string(),
    status: z.int(),
    sha256: z.string(),
    account: z.string().nullable(),
    seq: z.int().nullable(),
    hash: z.string().nullable(),
    attempts: z.int(),
  }),
  /** A request for a code. */
  z.object({ kind: z.literal('redeem'), key: z.string(), rewardId: z.string(), customer }),
  z.object({ kind: z.literal('redeemed'), key: z.string(), status: z.int(), redemptionId: z.string().nullable() }),
  /** What happened in the shop, and will be told by webhooks until it is in the books. */
  z.object({ kind: z.literal('order'), order: z.string(), customer, cents: z.int() }),
  z.object({ kind: z.literal('refund'), refund: z.string(), order: z.string(), cents: z.int() }),
  z.object({ kind: z.literal('cancelled'), order: z.string() }),
  z.object({ kind: z.literal('merge'), kept: customer, removed: customer }),
  z.object({ kind: z.literal('delivered'), what: z.string() }),
  /** What a till recorded. */
  z.object({ kind: z.literal('sale'), device: z.string(), opId: z.string(), cents: z.int() }),
  z.object({ kind: z.literal('handed out'), device: z.string(), opId: z.string(), points: z.int() }),
  /** What a reader saw: the balance after entry `seq`. */
  z.object({ kind: z.literal('read'), account: z.string(), seq: z.int(), posted: z.int() }),
  /** What an open page was told of. */
  z.object({ kind: z.literal('heard'), account: z.string(), seq: z.int(), hash: z.string() }),
  z.object({ kind: z.literal('fault'), fault: z.string(), ms: z.int() }),
])
export type Line = z.infer<typeof Line>
export type LineOf<K extends Line['kind']> = Extract<Line, { kind: K }>

/** The journal of one run, in a file. */
export class Journal {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  write(line: Line): void {
    appendFileSync(this.file, `${JSON.stringify(line)}\n`)
  }

  read(): readonly Line[] {
    const lines = readFileSync(this.file, 'utf8').trimEnd().split('\n')
    return lines.filter((text) => text !== '').map((text) => Line.parse(JSON.parse(text)))
  }
}

/** The lines of one kind. */
export function linesOf<K extends Line['kind']>(lines: readonly Line[], kind: K): readonly LineOf<K>[] {
  return lines.filter((line): line is LineOf<K> => line.kind === kind)
}
