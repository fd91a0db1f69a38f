import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { AdminAnswer, ShopRef } from './answer.ts'
import { addCode, createRewardDiscount, findCode, removeCode, updateRewardDiscount } from './discounts.ts'
import { connectedShop, rewardDiscount, trouble } from '../../../services/rewards/testing.ts'

/** Against the stand-in, which executes the documents by the real schema. */

const soon = () => Date.now() + 5_000
const newCode = () => `TEST-${crypto.randomUUID().slice(0, 13).toUpperCase()}`

function dataOf<T>(answer: AdminAnswer<T>): T {
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault))
  return answer.data
}

async function shopWithDiscount(): Promise<{ shop: ShopRef; discountGid: string }> {
  const shop = await connectedShop()
  const { discountGid } = dataOf(await createRewardDiscount(env, shop, rewardDiscount(), soon()))
  return { shop, discountGid }
}

describe("a reward's discount", () => {
  it('is created with its Function’s metafields and its first code', async () => {
    const shop = await connectedShop()
    const discount = rewardDiscount()
    const { discountGid } = dataOf(await createRewardDiscount(env, shop, discount, soon()))
    expect(discountGid).toMatch(/^gid:\/\/shopify\/DiscountCodeNode\/\d+$/)
    await expect(findCode(env, shop, discount.firstCode, soon())).resolves.toMatchObject({
      ok: true,
      data: { discountGid, usageCount: 0 },
    })
  })

  it('may be on shipping, and then combines with no other on shipping, whatever the merchant wished', async () => {
    const shop = await connectedShop()
    const discount = rewardDiscount({ classes: ['SHIPPING'] })
    expect(discount.combinesWith.shippingDiscounts).toBe(true)
    await expect(createRewardDiscount(env, shop, discount, soon())).resolves.toMatchObject({ ok: true })
  })

  it('is the same one when it is created again, brought up to date', async () => {
    const shop = await connectedShop()
    const discount = rewardDiscount()
    const first = dataOf(await createRewardDiscount(env, shop, discount, soon()))
    const again = await createRewardDiscount(env, shop, { ...discount, title: 'Five euros off' }, soon())
    expect(dataOf(again)).toEqual(first)
  })

  it('is found when the answer to its creation was lost', async () => {
    const shop = await connectedShop()
    const discount = rewardDiscount()
    await trouble(shop, { match: 'discountCodeAppCreate', effect: 'drop_after' })
    await expect(createRewardDiscount(env, shop, discount, soon())).resolves.toEqual({
      ok: false,
      fault: { kind: 'unavailable', maybeDone: true },
    })
    const { discountGid } = dataOf(await createRewardDiscount(env, shop, discount, soon()))
    await expect(findCode(env, shop, discount.firstCode, soon())).resolves.toMatchObject({ data: { discountGid } })
  })

  it('is refused with the field and Shopify’s sentence', async () => {
    const shop = await connectedShop()
    const endsBefore = rewardDiscount({ endsAt: '2026-07-01T00:00:00Z' })
    await expect(createRewardDiscount(env, shop, endsBefore, soon())).resolves.toMatchObject({
      ok: false,
      fault: {
        kind: 'refused',
        problems: [{ code: expect.any(String), field: expect.stringContaining('endsAt'), message: expect.any(String) }],
      },
    })
  })

  it('is updated; an unknown one is refused', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const changed = rewardDiscount({ title: 'Now 6 € off', endsAt: '2030-01-01T00:00:00Z' })
    expect(dataOf(await updateRewardDiscount(env, shop, discountGid, changed, soon()))).toEqual({ discountGid })
    const nowhere = 'gid://shopify/DiscountCodeNode/404'
    await expect(updateRewardDiscount(env, shop, nowhere, changed, soon())).resolves.toMatchObject({
      fault: { kind: 'refused' },
    })
  })
})

describe('a code', () => {
  it('is there once it was added', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const code = newCode()
    const { redeemCodeGid } = dataOf(await addCode(env, shop, discountGid, code, soon()))
    expect(redeemCodeGid).toMatch(/^gid:\/\/shopify\/DiscountRedeemCode\/\d+$/)
    await expect(findCode(env, shop, code.toLowerCase(), soon())).resolves.toEqual({
      ok: true,
      data: { discountGid, redeemCodeGid, usageCount: 0 },
    })
  })

  it('may be added twice to its discount', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const code = newCode()
    const first = dataOf(await addCode(env, shop, discountGid, code, soon()))
    expect(dataOf(await addCode(env, shop, discountGid, code, soon()))).toEqual(first)
  })

  it('is refused where another discount has it', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const other = dataOf(await createRewardDiscount(env, shop, rewardDiscount(), soon()))
    const code = newCode()
    dataOf(await addCode(env, shop, other.discountGid, code, soon()))
    await expect(addCode(env, shop, discountGid, code, soon())).resolves.toMatchObject({
      ok: false,
      fault: { kind: 'refused', problems: [{ code: 'TAKEN' }] },
    })
  })

  it('is refused where the discount is gone', async () => {
    const { shop } = await shopWithDiscount()
    const nowhere = 'gid://shopify/DiscountCodeNode/404'
    await expect(addCode(env, shop, nowhere, newCode(), soon())).resolves.toMatchObject({ fault: { kind: 'refused' } })
  })

  it('is null where nobody has it', async () => {
    const { shop } = await shopWithDiscount()
    await expect(findCode(env, shop, newCode(), soon())).resolves.toEqual({ ok: true, data: null })
  })

  it.each(['drop_after', 'status_500', 'drop_before'] as const)(
    'may be added again after %s, and is there once',
    async (effect) => {
      const { shop, discountGid } = await shopWithDiscount()
      const code = newCode()
      await trouble(shop, { match: 'discountRedeemCodeBulkAdd', effect })
      await expect(addCode(env, shop, discountGid, code, soon())).resolves.toEqual({
        ok: false,
        fault: { kind: 'unavailable', maybeDone: true },
      })
      dataOf(await addCode(env, shop, discountGid, code, soon()))
      await expect(findCode(env, shop, code, soon())).resolves.toMatchObject({ data: { discountGid } })
    },
  )

  it.each(['status_500', 'throttled', 'silent', 'drop_before'] as const)(
    'may have been made when nobody answers any more how its creation stands (%s)',
    async (effect) => {
      const { shop, discountGid } = await shopWithDiscount()
      await trouble(shop, { match: 'discountRedeemCodeBulkCreation', effect, times: 50 })
      await expect(addCode(env, shop, discountGid, newCode(), Date.now() + 1_500)).resolves.toEqual({
        ok: false,
        fault: { kind: 'unavailable', maybeDone: true },
      })
    },
  )

  it('counts as added where it is there, whatever a userError says; else INTERNAL_ERROR leaves it open', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const [known, unknown] = [newCode(), newCode()]
    dataOf(await addCode(env, shop, discountGid, known, soon()))
    await trouble(shop, { match: 'discountRedeemCodeBulkAdd', effect: 'user_error', times: 2 })
    dataOf(await addCode(env, shop, discountGid, known, soon()))
    await expect(addCode(env, shop, discountGid, unknown, soon())).resolves.toEqual({
      ok: false,
      fault: { kind: 'unavailable', maybeDone: true },
    })
  })

  it.each(['status_500', 'drop_before', 'drop_after'] as const)(
    'is waited for although one question how its creation stands gets no answer (%s)',
    async (effect) => {
      const { shop, discountGid } = await shopWithDiscount()
      await trouble(shop, { match: 'discountRedeemCodeBulkCreation', effect, times: 1 })
      await expect(addCode(env, shop, discountGid, newCode(), soon())).resolves.toMatchObject({ ok: true })
    },
  )

  it('that is taken although nobody has it may be ours from an earlier request: that is left open', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const code = newCode()
    dataOf(await addCode(env, shop, discountGid, code, soon()))
    const ask = fetch
    const lagging = vi.spyOn(globalThis, 'fetch').mockImplementation(async (...asked) => {
      const response = await ask(...asked)
      const body = await response.text()
      // Shopify's search does not have the code yet.
      const late = body.replace(/"codeDiscountNodeByCode":\{.*\}/s, '"codeDiscountNodeByCode":null}}')
      return new Response(late, response)
    })
    try {
      await expect(addCode(env, shop, discountGid, code, soon())).resolves.toEqual({
        ok: false,
        fault: { kind: 'unavailable', maybeDone: true },
      })
      expect(lagging).toHaveBeenCalled()
    } finally {
      lagging.mockRestore()
    }
  })

  it('is gone once it was removed; removing it again does no harm', async () => {
    const { shop, discountGid } = await shopWithDiscount()
    const code = newCode()
    const { redeemCodeGid } = dataOf(await addCode(env, shop, discountGid, code, soon()))
    if (redeemCodeGid === null) throw new Error('the shop did not name the code')
    expect(dataOf(await removeCode(env, shop, discountGid, redeemCodeGid, soon()))).toEqual({ done: true })
    await expect(findCode(env, shop, code, soon())).resolves.toEqual({ ok: true, data: null })
    const again = await removeCode(env, shop, discountGid, redeemCodeGid, soon())
    expect(again.ok || again.fault.kind === 'refused').toBe(true)
  })
})
