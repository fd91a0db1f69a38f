import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RewardValue } from '../contracts/rewards.ts'
import { toMinor } from '../contracts/money.ts'
import { MONDAY_MS } from '../ledger/examples.ts'
import { inputOf, rewardOf, slidingOf } from './examples.ts'
import { leastPoints, quote, redeemRefusal, standingOf, type Redeemer } from './quote.ts'

function slidingBy(amount: string) {
  return rewardOf(
    slidingOf({
      value: { type: 'amount_off', amount },
      cost: { kind: 'sliding', step_points: 100, min_steps: 1, max_steps: null },
    }),
  )
}

describe('what points buy', () => {
  it('is the value of a fixed reward, for its cost and nothing else', () => {
    const reward = rewardOf()
    const bought = { points: 250, value: { type: 'amount_off', amount: '5.00' }, steps: null }
    expect(quote(reward, null, 'EUR')).toEqual(bought)
    expect(quote(reward, 250, 'EUR')).toEqual(bought)
    expect(quote(reward, 251, 'EUR')).toMatchObject({ code: 'points_out_of_range', pointer: '/points' })
  })

  it('is as many times the amount of a sliding one as there are steps', () => {
    const reward = rewardOf(slidingOf())
    expect(quote(reward, 700, 'EUR')).toEqual({ points: 700, value: { type: 'amount_off', amount: '7.00' }, steps: 7 })
    expect(quote(reward, 700, 'JPY')).toMatchObject({ value: { amount: '7' } })
    expect(quote(reward, 700, 'KWD')).toMatchObject({ value: { amount: '7.000' } })
  })

  it('is rounded once, not with each step', () => {
    expect(quote(slidingBy('0.005'), 300, 'EUR')).toMatchObject({ value: { amount: '0.02' } })
    expect(quote(slidingBy('0.333333'), 300, 'JPY')).toMatchObject({ value: { amount: '1' } })
    expect(quote(slidingBy('0.0005'), 500, 'KWD')).toMatchObject({ value: { amount: '0.003' } })
  })

  it.each([[null], [150], [100], [5100], [250.5]])('of a sliding one is refused for %s points', (points) => {
    expect(quote(rewardOf(slidingOf()), points, 'EUR')).toMatchObject({ code: 'points_out_of_range' })
  })

  it('is refused where it would be worth nothing, or more than any amount can be', () => {
    expect(quote(slidingBy('0.001'), 100, 'EUR')).toMatchObject({ code: 'points_out_of_range' })
    expect(quote(slidingBy('999999999999999'), 1000, 'EUR')).toMatchObject({ code: 'points_out_of_range' })
  })

  it('is always a value of the contract, never off by half a minor unit or more', () => {
    const amounts = fc
      .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 999_999 }))
      .map(([whole, millionths]) => ({ whole, millionths, text: `${whole}.${String(millionths).padStart(6, '0')}` }))
    fc.assert(
      fc.property(
        amounts,
        fc.integer({ min: 1, max: 100_000 }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (amount, steps, currency) => {
          const bought = quote(slidingBy(amount.text), steps * 100, currency)
          const exact = (BigInt(amount.whole) * 1_000_000n + BigInt(amount.millionths)) * BigInt(steps)
          const perMinor = { EUR: 10_000n, JPY: 1_000_000n, KWD: 1000n }[currency]
          const rounded = (2n * exact + perMinor) / (2n * perMinor)
          const value = 'ok' in bought ? undefined : bought.value
          expect(value === undefined || RewardValue.safeParse(value).success).toBe(true)
          const minor = value?.type === 'amount_off' ? toMinor(value.amount, currency) : 0
          expect(BigInt(minor ?? -1)).toBe(rounded)
        },
      ),
    )
  })
})

const RICH: Redeemer = { points: 1000, tier: null, redeemed: 0, slotsTaken: null }

describe('a customer', () => {
  it('with enough points may redeem', () => {
    expect(standingOf(rewardOf(), RICH, MONDAY_MS)).toEqual({
      status: 'available',
      points_missing: 0,
      progress: 1,
      max_points: 250,
      redemptions_left: null,
    })
  })

  it('with too few sees how far it is, and is not refused here: the account knows better', () => {
    const poor = { ...RICH, points: 100 }
    expect(standingOf(rewardOf(), poor, MONDAY_MS)).toMatchObject({
      status: 'not_enough_points',
      points_missing: 150,
      progress: 0.4,
      max_points: 0,
    })
    expect(redeemRefusal(rewardOf(), poor, MONDAY_MS)).toBeUndefined()
  })

  it('may put whole steps into a sliding reward, up to its limit', () => {
    const reward = rewardOf(slidingOf())
    expect(leastPoints(reward.input.cost)).toBe(200)
    for (const [points, most] of [
      [199, 0],
      [200, 200],
      [799, 700],
      [90_000, 5000],
    ] as const) {
      expect(standingOf(reward, { ...RICH, points }, MONDAY_MS).max_points).toBe(most)
    }
    const unlimited = slidingOf({ cost: { kind: 'sliding', step_points: 7, min_steps: 1, max_steps: null } })
    expect(standingOf(rewardOf(unlimited), { ...RICH, points: 5_000_000_000 }, MONDAY_MS).max_points).toBe(7_340_025)
  })

  it.each([
    ['over', 'reward_unavailable', rewardOf(inputOf({ ends_at: '2026-03-02T11:00:00Z' })), RICH],
    ['over', 'reward_unavailable', rewardOf(inputOf(), { status: 'archived' }), RICH],
    ['not_started', 'reward_unavailable', rewardOf(inputOf({ starts_at: '2026-03-02T11:00:01Z' })), RICH],
    ['tier_required', 'reward_unavailable', rewardOf(inputOf({ tier: 'gold' })), RICH],
    ['sold_out', 'reward_limit', rewardOf(inputOf({ limit_total: 3 })), { ...RICH, slotsTaken: 3 }],
    ['limit_reached', 'reward_limit', rewardOf(inputOf({ limit_per_customer: 2 })), { ...RICH, redeemed: 2 }],
    ['being_prepared', 'reward_unavailable', rewardOf(inputOf(), { discountState: 'failed' }), RICH],
    ['being_prepared', 'reward_unavailable', rewardOf(inputOf(), { discountGid: null }), RICH],
    ['being_prepared', 'reward_unavailable', rewardOf(inputOf(), { status: 'draft' }), RICH],
  ] as const)('is told that a reward is %s and refused with %s', (status, code, reward, redeemer) => {
    expect(standingOf(reward, redeemer, MONDAY_MS)).toMatchObject({ status, max_points: 0 })
    expect(redeemRefusal(reward, redeemer, MONDAY_MS)).toMatchObject({ code })
  })

  it('is not told to wait for a draft, which nothing but its merchant brings about', () => {
    const refusal = redeemRefusal(rewardOf(inputOf(), { status: 'draft' }), RICH, MONDAY_MS)
    expect(refusal?.detail).toBe('This reward is a draft: activate it first.')
  })

  it('may redeem where tier, dates and limits allow it', () => {
    const reward = rewardOf(
      inputOf({
        tier: 'gold',
        starts_at: '2026-03-02T11:00:00Z',
        ends_at: '2026-03-02T11:00:01Z',
        limit_per_customer: 2,
        limit_total: 3,
      }),
    )
    const redeemer = { ...RICH, tier: 'gold', redeemed: 1, slotsTaken: 2 }
    expect(standingOf(reward, redeemer, MONDAY_MS)).toMatchObject({ status: 'available', redemptions_left: 1 })
    expect(redeemRefusal(reward, redeemer, MONDAY_MS)).toBeUndefined()
  })
})
