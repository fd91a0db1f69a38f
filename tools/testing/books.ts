import { expect } from 'vitest'
import { z } from 'zod'
import type { Balance, Transaction } from '../../domain/contracts/points.ts'
import { type Redemption, RedemptionsPage } from '../../domain/contracts/rewards.ts'
import type { LocalInfo } from '../local/info.ts'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import { apiOf } from './api.ts'

const ShopCodes = z.object({
  discount_codes: z.array(z.object({ code: z.string(), usage_count: z.int(), order_ids: z.array(z.string()) })),
})
export type ShopCode = z.infer<typeof ShopCodes>['discount_codes'][number]

/** Every discount needs one code from its start; this one never gives anything and belongs to nobody. */
const OF_NOBODY = 'LN-REWARD-'

/** Ledgers, redemptions and the shop's own list of codes, as an auditor compares them from outside. */
export function booksOf(info: LocalInfo) {
  const api = apiOf(info)

  async function shopCodes(): Promise<ReadonlyMap<string, ShopCode>> {
    const answer = await fetch(`${info.shopify}/admin/api/${ADMIN_API_VERSION}/discount_codes.json`)
    const { discount_codes: codes } = ShopCodes.parse(await answer.json())
    return new Map(codes.filter(({ code }) => !code.startsWith(OF_NOBODY)).map((one) => [one.code, one]))
  }

  /** All of a customer, or those of all customers, newest first. */
  async function redemptions(customer?: string): Promise<readonly Redemption[]> {
    const all: Redemption[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: Record<string, string> = {
        limit: '100',
        ...(customer && { customer_id: customer }),
        ...(cursor && { cursor }),
      }
      const answer = await api.call('GET', `/v1/api/redemptions?${new URLSearchParams(query).toString()}`)
      const page = RedemptionsPage.parse(await answer.json())
      all.push(...page.redemptions)
      cursor = page.next_cursor
    }
    return all
  }

  return {
    shopCodes,
    redemptions,
    /** What must hold of a customer with at most 100 entries, when nothing is under way. */
    balanced: async (customer: string): Promise<void> => {
      const [balance, newestFirst, own, codes] = await Promise.all([
        api.balance(customer),
        api.transactions(customer),
        redemptions(customer),
        shopCodes(),
      ])
      const entries = newestFirst.toReversed()
      entriesMakeTheBalance(entries, balance)
      codesAreCapturedHolds(entries, own, codes)
    },
    /** The shop has the codes of those redemptions that were issued and not given back, no more and no fewer. */
    codesAgree: async (): Promise<void> => {
      const [codes, all] = await Promise.all([shopCodes(), redemptions()])
      const working = all.filter(({ state }) => state === 'issued' || state === 'used').map(({ code }) => code)
      expect(working).toHaveLength(codes.size)
      expect(new Set(working)).toEqual(new Set(codes.keys()))
    },
  }
}

function entriesMakeTheBalance(entries: readonly Transaction[], balance: Balance): void {
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
  const { points, posted, pending, held, debt, seq, lifetime } = balance
  expect({ posted, pending, held, seq }).toEqual({
    posted: sum(entries.map((entry) => entry.points)),
    pending: sum(entries.map((entry) => entry.pending_points)),
    held: 0,
    seq: entries.length,
  })
  expect(points - debt).toBe(posted)
  const { earned, redeemed, expired, clawed_back: clawedBack, adjusted } = lifetime
  expect(earned - redeemed - expired - clawedBack + adjusted).toBe(posted)
}

/** Each redemption has one hold, each hold one end, and each capture that was not taken back its code in the shop. */
function codesAreCapturedHolds(
  entries: readonly Transaction[],
  own: readonly Redemption[],
  codes: ReadonlyMap<string, ShopCode>,
): void {
  const ids = new Set(entries.map((entry) => entry.external_id))
  const holds = entries.filter(({ kind }) => kind === 'hold').map((entry) => entry.external_id)
  expect(new Set(holds)).toEqual(new Set(own.map(({ id }) => `hold:${id}`)))
  expect(holds.filter((id) => ids.has(`${id}:capture`) === ids.has(`${id}:release`))).toEqual([])
  const kept = entries.filter(({ kind, seq }) => kind === 'capture' && !ids.has(`reversal:${seq}`))
  const captured = own.filter(({ id }) => kept.some((entry) => entry.external_id === `hold:${id}:capture`))
  expect(own.filter(({ code }) => codes.has(code ?? ''))).toEqual(captured)
  const spent = own.map((one) => (one.issued_at === null ? 0 : one.points - one.points_returned))
  expect(sum(spent) + sum(kept.map(({ points }) => points))).toBe(0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
