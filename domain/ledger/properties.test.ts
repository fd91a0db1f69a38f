import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseMinor } from '../earning/base.ts'
import type { MoneyParts } from '../earning/facts.ts'
import { freezeRule, pointsFor } from '../earning/rule.ts'
import { decide } from './decide.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  editOf,
  FOREVER,
  grantOf,
  holdOf,
  MONDAY_MS,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
  settingsWith,
  TestAccount,
  tillRedeemOf,
} from './examples.ts'
import { booksOf, violationsOf } from './invariants.ts'
import { MemoryLedger, rebuild } from './memory.ts'
import type { Command, Entry, FrozenRule, LotTerms, MergeIn, MovedLot } from './types.ts'

/** Random stories of an account. `TestAccount` checks every invariant after each step. */

const gidOf = (id: number): string => `gid://shopify/Order/${id}`
const terms: fc.Arbitrary<LotTerms> = fc.record({
  lotDays: fc.constantFrom(null, 1, 2, 30),
  timeZone: fc.constantFrom('Europe/Berlin', 'Asia/Tokyo', 'America/Sao_Paulo'),
  inactivityDays: fc.constantFrom(null, null, 1, 4),
  calendar: fc.constantFrom(null, null, { month: 3, day: 5, minDays: 1 }, { month: 2, day: 29, minDays: 0 }),
})
const smallId = fc.integer({ min: 1, max: 4 })
const idText = smallId.map(String)
const points = fc.integer({ min: 1, max: 200 })

const moneyParts: fc.Arbitrary<MoneyParts> = fc.record({
  taxes_included: fc.boolean(),
  goods: fc.integer({ min: 0, max: 20_000 }),
  goods_tax: fc.integer({ min: 0, max: 500 }),
  goods_discount: fc.integer({ min: 0, max: 2000 }),
  gift_cards: fc.integer({ min: 0, max: 1000 }),
  shipping: fc.integer({ min: 0, max: 1000 }),
  shipping_tax: fc.integer({ min: 0, max: 100 }),
  tips: fc.integer({ min: 0, max: 300 }),
})

const rule: fc.Arbitrary<FrozenRule> = fc
  .record({
    points: fc.integer({ min: 1, max: 7 }),
    per_amount: fc.constantFrom('1', '10.00', '0.30', '0.005', '3'),
    rounding: fc.constantFrom('floor', 'half_up', 'ceil'),
    tax: fc.constantFrom('as_priced', 'include', 'exclude'),
    include_shipping: fc.boolean(),
    include_tips: fc.boolean(),
    include_gift_cards: fc.boolean(),
    before_discounts: fc.boolean(),
  })
  .map((earning) => freezeRule(settingsWith(earning)))

const silence = fc.record({
  days: fc.integer({ min: 1, max: 4 }),
  timeZone: fc.constant('Asia/Tokyo'),
  fromMs: fc.integer({ min: MONDAY_MS - 9 * DAY_MS, max: MONDAY_MS }),
})

const movedLot: fc.Arbitrary<MovedLot> = fc.record({
  points,
  expiresAtMs: fc.option(fc.nat(9 * DAY_MS).map((ms) => MONDAY_MS + ms)),
  inactivity: fc.option(silence),
  orderGid: fc.option(smallId.map(gidOf)),
})

const mergeIn: fc.Arbitrary<MergeIn> = fc.record({
  kind: fc.constant('merge_in'),
  source: fc.constant('merge'),
  actor: fc.constant('shopify'),
  effectiveAtMs: fc.constant(MONDAY_MS),
  fromCustomerId: fc.constant('other'),
  number: smallId,
  lots: fc.array(movedLot, { maxLength: 3 }),
  debt: fc.constantFrom(0, 0, 40),
  mergedFrom: fc.constant(['other']),
  lastActivityAtMs: fc.constant(MONDAY_MS),
})

const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({ id: smallId, parts: moneyParts, rule, terms, returnWindowDays: fc.constantFrom(0, 0, 3) })
    .map(({ id, ...order }) => orderOf({ ...order, orderGid: gidOf(id) })),
  fc
    .record({ id: fc.integer({ min: 1, max: 8 }), order: smallId, parts: moneyParts })
    .map(({ id, order, parts }) => refundOf(0, id, { orderGid: gidOf(order), parts })),
  smallId.map((id) => cancellation(gidOf(id))),
  fc
    .record({ id: smallId, parts: moneyParts, hours: fc.integer({ min: 1, max: 6 }), terms })
    .map(({ id, hours, ...order }) => editOf(0, hours, { ...order, orderGid: gidOf(id) })),
  fc
    .record({ seq: fc.integer({ min: 1, max: 30 }), points: fc.integer({ min: 1, max: 60 }), refund: smallId })
    .map((back) => returnOf(back.seq, back.points, back.refund)),
  fc
    .record({
      id: fc.nat(20).map(String),
      points,
      overdraft: fc.constantFrom(0, 50, 500),
      made: fc.constantFrom(20, 500),
    })
    .map(({ id, points: spent, overdraft, made }) => tillRedeemOf(spent, overdraft, id, { overdraftMadePoints: made })),
  mergeIn,
  fc.record({ id: idText, points, terms }).map((grant) => grantOf(grant.points, grant.id, { terms: grant.terms })),
  fc.record({ id: fc.nat(20).map(String), points }).map((spent) => redeemOf(spent.points, spent.id)),
  fc
    .record({ id: idText, points: fc.integer({ min: -300, max: 300 }), allowDebt: fc.boolean(), terms })
    .map(({ id, points: by, ...change }) => adjustOf(by, id, change)),
  fc
    .record({ id: idText, points, hours: fc.constantFrom(1, 30, 300) })
    .map(({ id, points: held, hours }) => holdOf(held, id, hours * 3_600_000)),
  fc
    .record({ id: idText, points: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }) })
    .map(({ id, points: captured }) => captureOf(id, captured)),
  idText.map((id) => releaseOf(id)),
  fc.integer({ min: 1, max: 30 }).map((seq) => reversalOf(seq)),
  fc.constant<Command>({ kind: 'apply_due' }),
)

/** A step of a story: something happens after some time, perhaps more than once. */
const step = fc.record({
  afterMs: fc.oneof({ weight: 8, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat(5 * DAY_MS) }),
  command,
  times: fc.constantFrom(1, 1, 1, 2),
})

const stories = fc.array(step, { minLength: 1, maxLength: 40, size: 'max' })

/** All of an entry but when it was booked, which is in the hashes too. */
function whatHappened(entry: Entry): Partial<Entry> {
  return { ...entry, recordedAtMs: 0, previousHash: '', hash: '' }
}

// The checks of all invariants after each step are slow on a busy machine.
describe('any story', { timeout: 60_000 }, () => {
  it('keeps all invariants, books every business id once, and never overdraws', () => {
    const outcomes = new Map<string, number>()
    fc.assert(
      fc.property(stories, (story) => {
        const account = new TestAccount()
        for (const { afterMs, command: asked, times } of story) {
          account.nowMs += afterMs
          const first = account.do(asked)
          const key = `${asked.kind} ${first.outcome}`
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
          for (let more = 1; more < times; more += 1) {
            const again = account.do(asked)
            expect(again.changes.entries).toEqual([])
            const isBooked = first.outcome === 'applied'
            expect(again.outcome).toBe(isBooked ? 'duplicate' : first.outcome)
          }
        }
      }),
      { numRuns: 400 },
    )
    // The stories are worth something only if they reach what they are to test; the rarest comes about 30 times.
    for (const kind of [
      'earn_order',
      'earn_points',
      'clawback',
      'cancel_order',
      'redeem',
      'adjust',
      'hold',
      'capture',
      'release',
      'reverse',
      'edit_order',
      'return_spent',
      'merge_in',
    ]) {
      expect(outcomes.get(`${kind} applied`) ?? 0, `${kind} applied`).toBeGreaterThan(0)
    }
  })

  it('ends in the same state whether or not an alarm ran between its steps', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const [rare, eager] = [new MemoryLedger(), new MemoryLedger()]
        let nowMs = 0
        for (const { afterMs, command: asked } of story) {
          for (let part = 1; part <= 4; part += 1) {
            eager.apply(decide(eager, { kind: 'apply_due' }, nowMs + Math.floor((afterMs * part) / 4)).changes)
          }
          nowMs += afterMs
          const [a, b] = [decide(rare, asked, nowMs), decide(eager, asked, nowMs)]
          rare.apply(a.changes)
          eager.apply(b.changes)
          expect(a.outcome).toBe(b.outcome)
        }
        rare.apply(decide(rare, { kind: 'apply_due' }, nowMs).changes)
        expect(rare.entries.map(whatHappened)).toEqual(eager.entries.map(whatHappened))
        expect([...rare.lots.values()]).toEqual([...eager.lots.values()])
      }),
      { numRuns: 200 },
    )
  })

  it('is told in full by its entries', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const account = new TestAccount()
        for (const { command: asked } of story) account.do(asked)
        expect(booksOf(rebuild(account.entries))).toEqual(booksOf(account))
      }),
      { numRuns: 100 },
    )
  })
})

describe('an order, its edits, and its refunds', () => {
  const story = fc.record({
    order: fc.record({ parts: moneyParts, rule, returnWindowDays: fc.constantFrom(0, 14) }),
    refunds: fc.array(moneyParts, { maxLength: 4 }),
    edits: fc.array(moneyParts, { maxLength: 3 }),
    spent: fc.integer({ min: 0, max: 100 }),
    cancelled: fc.boolean(),
  })

  it('end at f(net) of the newest edit, in any order and with any duplicates', () => {
    const shuffled = story.chain((told) => {
      const { order, refunds, edits, cancelled } = told
      const all: Command[] = [
        orderOf(order),
        ...refunds.map((parts, index) => refundOf(0, index + 1, { parts })),
        ...edits.map((parts, index) => editOf(0, index + 1, { parts })),
        ...(cancelled ? [cancellation()] : []),
      ]
      return fc.record({
        told: fc.constant(told),
        delivery: fc
          .array(fc.nat(all.length - 1), { maxLength: 20 })
          .chain((again) => fc.shuffledSubarray([...all.keys(), ...again], { minLength: all.length + again.length }))
          .map((indexes) => indexes.flatMap((index) => all[index] ?? [])),
      })
    })
    fc.assert(
      fc.property(shuffled, ({ told: { order, refunds, edits, cancelled, spent }, delivery }) => {
        const account = new TestAccount()
        if (spent > 0) account.book(grantOf(spent))
        for (const [index, delivered] of delivery.entries()) {
          account.do(delivered)
          // Spending in between may not change what the order is worth.
          if (index === 1 && spent > 0) account.do(redeemOf(spent))
        }
        // An edit that comes before its order is not kept: whoever reads the order again brings it.
        const parts = edits.at(-1) ?? order.parts
        account.do(editOf(0, edits.length, { parts }))
        // Whether amounts contain tax is the order's to say, also for its refunds.
        const { taxes_included } = parts
        const netMinor = refunds.reduce(
          (restMinor, refund) => restMinor - baseMinor(order.rule, { ...refund, taxes_included }),
          baseMinor(order.rule, parts),
        )
        const net = cancelled ? 0 : pointsFor(order.rule, netMinor)
        const rest = spent - account.account.lifetime.redeemed
        expect(account.account.posted + account.account.pending).toBe(net + rest)
      }),
      { numRuns: 400 },
    )
  })
})

describe('one balance', () => {
  it('covers exactly as many of 100 equal redemptions as it can', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 50 }), (balance, price) => {
        const account = new MemoryLedger()
        account.apply(decide(account, grantOf(balance, 'a', { terms: FOREVER }), 1).changes)
        let succeeded = 0
        for (let buyer = 0; buyer < 100; buyer += 1) {
          const decision = decide(account, redeemOf(price, String(buyer)), 2)
          account.apply(decision.changes)
          if (decision.outcome === 'applied') succeeded += 1
        }
        expect(succeeded).toBe(Math.min(100, Math.floor(balance / price)))
        expect(violationsOf(booksOf(account))).toEqual([])
      }),
      { numRuns: 25 },
    )
  })
})
