import { z } from 'zod'
import { DeadLetter, type DeadLettersPage } from '../../../domain/contracts/operations/admin-core.ts'

/** A dead letter with the message itself and the queue that it goes back on. */
export interface StoredLetter {
  readonly letter: z.infer<typeof DeadLetter>
  readonly queue: 'webhooks' | 'events' | 'jobs'
  readonly body: unknown
}

const COLUMNS = 'id, queue, received_at, attempts, reason, summary, state, replayed_at'
const StoredRow = z.object({ queue: z.enum(['webhooks', 'events', 'jobs']), body: z.string() })
const Cursor = z.string().regex(/^[^_]+_.+$/)

/** A page of a merchant's dead letters, newest first; undefined if the cursor is not one of ours. */
export async function deadLetters(
  env: Env,
  merchantId: string,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly state?: string | undefined },
): Promise<z.infer<typeof DeadLettersPage> | undefined> {
  const cursor = Cursor.optional().safeParse(query.cursor)
  if (!cursor.success) return undefined
  const [receivedAt, id] = cursor.data?.split('_', 2) ?? []
  const { results } = await env.EVENT_LOG.prepare(
    `select ${COLUMNS} from dead_letters where merchant_id = ?1 and (?2 is null or state = ?2)
      and (?3 is null or (received_at, id) < (?3, ?4))
    order by received_at desc, id desc limit ?5`,
  )
    .bind(merchantId, query.state ?? null, receivedAt ?? null, id ?? null, query.limit + 1)
    .all()
  const found = z.array(DeadLetter).parse(results)
  const shown = found.slice(0, query.limit)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  return { dead_letters: shown, next_cursor: last === undefined ? null : `${last.received_at}_${last.id}` }
}

/** One dead letter of the merchant, or undefined. */
export async function deadLetter(env: Env, merchantId: string, id: string): Promise<StoredLetter | undefined> {
  const row = await env.EVENT_LOG.prepare(
    `select ${COLUMNS}, body from dead_letters where merchant_id = ?1 and id = ?2`,
  )
    .bind(merchantId, id)
    .first()
  if (row === null) return undefined
  const { queue, body } = StoredRow.parse(row)
  const parsed: unknown = JSON.parse(body)
  return { letter: DeadLetter.parse(row), queue, body: parsed }
}

/** Puts the message back on its queue. Twice is harmless: every consumer applies a message once. */
export async function sendAgain(env: Env, { queue, body }: StoredLetter): Promise<void> {
  const queues = { webhooks: env.WEBHOOKS, events: env.EVENTS, jobs: env.JOBS }
  await queues[queue].send(body)
}

/** Notes that it was replayed, and answers with it as it is now. */
export async function markReplayed(
  env: Env,
  merchantId: string,
  letter: z.infer<typeof DeadLetter>,
  nowMs: number,
): Promise<z.infer<typeof DeadLetter>> {
  const replayedAt = new Date(nowMs).toISOString()
  await env.EVENT_LOG.prepare(
    "update dead_letters set state = 'replayed', replayed_at = ?3 where merchant_id = ?1 and id = ?2",
  )
    .bind(merchantId, letter.id, replayedAt)
    .run()
  return { ...letter, state: 'replayed', replayed_at: replayedAt }
}
