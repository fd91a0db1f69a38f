import { createHash } from 'node:crypto'
import { z } from 'zod'
import { reasonOf, Settlements } from '../batch.ts'

/**
 * Dead letters: messages that a consumer gave up on rest in D1 until someone looks and puts them back. The runtime
 * does not say why a message died, so consumers leave word while a message fails, under the hash of its body.
 */

/** What can be said about any message, also about a broken one. */
const Summary = z.looseObject({
  merchant_id: z.uuid().nullable().catch(null),
  topic: z.string().max(100).optional().catch(undefined),
  event_type: z.string().max(100).optional().catch(undefined),
  job: z.string().max(100).optional().catch(undefined),
  event_id: z.string().max(200).optional().catch(undefined),
  webhook_id: z.string().max(200).optional().catch(undefined),
  redemption_id: z.string().max(200).optional().catch(undefined),
  reward_id: z.string().max(200).optional().catch(undefined),
})

/** From this attempt on a failure is worth a row; most messages recover before. */
const FIRST_NOTED_ATTEMPT = 3

/** Leaves word of messages that keep failing. */
export async function noteFailures(
  env: Env,
  failures: readonly { readonly message: Message; readonly reason: string }[],
): Promise<void> {
  const rows = failures
    .filter(({ message }) => message.attempts >= FIRST_NOTED_ATTEMPT)
    .map(({ message, reason }) => ({ body_hash: bodyHash(message.body), reason, attempts: message.attempts }))
  if (rows.length === 0) return
  await env.EVENT_LOG.prepare(
    `insert into failures (body_hash, reason, attempts, at)
    select value ->> 'body_hash', value ->> 'reason', value ->> 'attempts', ?2 from json_each(?1) where true
    on conflict (body_hash) do update set reason = excluded.reason, attempts = excluded.attempts, at = excluded.at`,
  )
    .bind(JSON.stringify(rows), new Date().toISOString())
    .run()
}

/** Stores what arrived on a dead-letter queue. `queue` is the name of the queue it came from. */
export async function consumeDeadLetters(batch: MessageBatch, queue: string, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  const letters = batch.messages.map(({ id, body, timestamp }) => letterOf(id, body, queue, timestamp))
  const hashes = JSON.stringify(letters.map(({ body_hash }) => body_hash))
  try {
    await env.EVENT_LOG.batch([
      env.EVENT_LOG.prepare(
        `insert into dead_letters (id, queue, merchant_id, body, reason, summary, attempts, received_at, state)
        select value ->> 'id', value ->> 'queue', value ->> 'merchant_id', value ->> 'body',
          coalesce(f.reason, 'gave up without word of why'), value ->> 'summary', coalesce(f.attempts, 0),
          value ->> 'received_at', 'waiting'
        from json_each(?1) left join failures f on f.body_hash = value ->> 'body_hash' where true
        on conflict do nothing`,
      ).bind(JSON.stringify(letters)),
      env.EVENT_LOG.prepare('delete from failures where body_hash in (select value from json_each(?1))').bind(hashes),
    ])
  } catch (error) {
    for (const message of batch.messages) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
  return settlements
}

function letterOf(id: string, body: unknown, queue: string, receivedAt: Date) {
  const known = Summary.safeParse(body).data
  const what = known?.topic ?? known?.event_type ?? known?.job
  const summary = [what, known?.event_id ?? known?.webhook_id ?? known?.redemption_id ?? known?.reward_id]
  return {
    id,
    queue,
    merchant_id: known?.merchant_id ?? null,
    body: JSON.stringify(body) ?? 'null',
    body_hash: bodyHash(body),
    summary: summary.filter((part) => part !== undefined).join(' ') || 'unreadable message',
    received_at: receivedAt.toISOString(),
  }
}

function bodyHash(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body) ?? 'null')
    .digest('hex')
}
