import { describe, expect, it } from 'vitest'
import {
  balanceOf,
  codesInShop,
  connectedShop,
  customerWith,
  newReward,
  redeem,
  redemptionIn,
  redemptionsOf,
} from './testing.ts'

describe('a shopper', () => {
  it('turns points into a code that the shop has', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { code_prefix: 'LOYAL' })
    expect(reward.discount).toMatchObject({ state: 'ready', problem: null })
    const customer = await customerWith(shop, 300)
    const redemption = await redemptionIn(await redeem(customer, reward.id))
    expect(redemption).toMatchObject({ state: 'issued', points: 250, title: '5 € off', cancel_reason: null })
    expect(redemption.code).toMatch(/^LOYAL(-[0-9A-Z]{4}){4}$/)
    expect(await codesInShop(shop, reward)).toEqual([redemption.code])
    expect(await balanceOf(customer)).toMatchObject({ points: 50, held: 0 })
    expect(await redemptionsOf(customer)).toEqual([redemption])
  })
})
