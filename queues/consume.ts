import { reasonOf, type Settlements } from './batch.ts'
import { consumeDeadLetters, noteFailures } from './consumers/dead-letter.ts'
import { consumeEvents } from './consumers/events.ts'
import { consumeJobs } from './consumers/jobs.ts'
import { consumeWebhooks } from './consumers/webhooks.ts'
import { logLine } from '../workers/platform/log.ts'

const CONSUMERS = { webhooks: consumeWebhooks, events: consumeEvents, jobs: consumeJobs } as const

/** `loyalnest-webhooks`, `loyalnest-staging-events-dlq`: which queue, and whether its dead letters. */
const QUEUE_NAME = /-(webhooks|events|jobs)(-dlq)?$/

/** The Worker's `queue()`: one consumer a queue, and one for all dead-letter queues. */
export async function consume(batch: MessageBatch, env: Env): Promise<void> {
  const startedAtMs = Date.now()
  const [, name, dead] = QUEUE_NAME.exec(batch.queue) ?? []
  if (name !== 'webhooks' && name !== 'events' && name !== 'jobs') throw new Error(`no consumer for ${batch.queue}`)
  const settlements = await (dead === undefined ? CONSUMERS[name](batch, env) : consumeDeadLetters(batch, name, env))
  const failures = settlements.failures(batch.messages)
  if (dead === undefined) await leaveWord(env, failures)
  settlements.settle(batch.messages)
  logLine(failures.length === 0 ? 'info' : 'warn', 'batch', {
    queue: batch.queue,
    messages: batch.messages.length,
    failed: failures.length,
    reason: failures[0]?.reason ?? null,
    duration_ms: Date.now() - startedAtMs,
  })
}

/** Only a comfort for whoever reads the dead letters; without it the messages are dealt with just the same. */
async function leaveWord(env: Env, failures: ReturnType<Settlements['failures']>): Promise<void> {
  try {
    await noteFailures(env, failures)
  } catch (error) {
    logLine('warn', 'failures not noted', { reason: reasonOf(error) })
  }
}
