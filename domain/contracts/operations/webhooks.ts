import { z } from 'zod'
import { WEBHOOK_TOPICS } from '../../earning/facts.ts'
import { operation } from './operation.ts'

/** Shopify's webhooks, one operation a topic; their bodies are Shopify's. */
export const WEBHOOK_OPERATIONS = WEBHOOK_TOPICS.map((topic) =>
  operation({
    id: `webhooks.${topic}`,
    method: 'post',
    path: `/v1/api/webhooks/${topic}`,
    tag: 'webhooks',
    summary: `Shopify's ${topic}`,
    access: { kind: 'webhook' },
    rateClass: 'webhook',
    idempotencyKey: false,
    body: z.looseObject({}),
    response: z.object({ received: z.literal(true) }),
    status: 200,
    errors: ['signature_invalid', 'shop_unknown', 'topic_mismatch', 'payload_too_large'],
  }),
)
