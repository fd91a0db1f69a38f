import { RewardInput } from '../contracts/rewards.ts'
import { firstTerms } from './terms.ts'
import type { RedemptionRequest, StoredReward } from './types.ts'
import type { z } from 'zod'

/** What the tests of rewards say again and again. */

export const KEY = Buffer.alloc(32, 7).toString('base64')
/** Monday 2026-03-02, 12:00 in Berlin. */
export const MONDAY_MS = Date.UTC(2026, 2, 2, 11)

/** 5 off for 250 points, but for what is given. */
export function inputOf(change: Partial<z.input<typeof RewardInput>> = {}): RewardInput {
  return RewardInput.parse({
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    cost: { kind: 'fixed', points: 250 },
    ...change,
  })
}

/** Pay with points: 0.01 for each, in steps of 100, at most half of the goods. */
export function slidingOf(change: Partial<z.input<typeof RewardInput>> = {}): RewardInput {
  return inputOf({
    value: { type: 'amount_off', amount: '1' },
    cost: { kind: 'sliding', step_points: 100, min_steps: 2, max_steps: 50 },
    conditions: { max_share_percent: 50 },
    ...change,
  })
}

/** An active reward whose discount is in the shop. */
export function rewardOf(input: RewardInput = inputOf(), change: Partial<StoredReward> = {}): StoredReward {
  return {
    id: '5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11',
    merchantId: '0e6f5a52-9d4b-4f6e-8f0a-2d9f1c3b5a77',
    version: 1,
    status: 'active',
    input,
    terms: firstTerms(input),
    codeKeySealed: 'sealed',
    discountGid: 'gid://shopify/DiscountCodeNode/1',
    discountState: 'ready',
    discountProblem: null,
    syncedVersion: 1,
    createdAtMs: MONDAY_MS,
    updatedAtMs: MONDAY_MS,
    ...change,
  }
}

/** A request to redeem 250 points for 5 € off, but for what is given. */
export function requestOf(change: Partial<RedemptionRequest> = {}): RedemptionRequest {
  return {
    id: '3b241101-e2bb-4255-8caf-4136c566a962',
    rewardId: '5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11',
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    currency: 'EUR',
    points: 250,
    code: '7M3K-9QXA-4201-PQ7Z',
    discountGid: 'gid://shopify/DiscountCodeNode/1',
    limitPerCustomer: null,
    limitTotal: null,
    codeValidDays: null,
    timeZone: 'Europe/Berlin',
    pointsBack: { expired: false, cancelled: true },
    source: 'api',
    actor: 'api_key:test',
    ...change,
  }
}
