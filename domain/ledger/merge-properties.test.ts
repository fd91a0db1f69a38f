import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pointsFor } from '../earning/rule.ts'
import { booksOf } from './checks.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  editOf,
  Family,
  grantOf,
  holdOf,
  mergeInto,
  MONDAY_MS,
  money,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  tillRedeemOf,
} from './examples.ts'
import { mergeViolations } from './merge-invariants.ts'
import type { Command, LotTerms } from './types.ts'

/**
 * Random stories of several accounts of which some are merged. `Family` does what the objects do: it asks the account in
 * whose books an order is, passes on what is not a merged account's business, and brings what it sends after.
 */

const CUSTOMERS = ['a', 'b', 'c', 'd']
const customer = fc.constantFrom(...CUSTOMERS)
const gidOf = (id: number): string => `gid://shopify/Order/${id}`
const smallId = fc.integer({ min: 1, max: 4 })
const idText = fc.integer({ min: 1, max: 20 }).map(String)
const goods = fc.integer({ min: 0, max: 20_000 })
const points = fc.integer({ min: 1, max: 200 })
const terms: fc.Arbitrary<LotTerms> = fc.record({
  lotDays: fc.constantFrom(null, 2, 30),
  timeZone: fc.constant('Europe/Berlin'),
  inactivityDays: fc.constantFrom(null, 3),
})

/** What Shopify says about orders; each belongs to one customer, whoever that is by now. */
const ofOrder: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(smallId, goods, fc.constantFrom(0, 3)).map(([id, amount, returnWindowDays]) => {
    return orderOf({ orderGid: gidOf(id), parts: money({ goods: amount }), returnWindowDays })
  }),
  fc.tuple(smallId, goods).map(([id, amount]) => refundOf(amount, id, { orderGid: gidOf(id) })),
  fc.tuple(smallId, goods, smallId).map(([id, amount, hours]) => editOf(amount, hours, { orderGid: gidOf(id) })),
  smallId.map((id) => cancellation(gidOf(id))),
)

const ofCustomer: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ id: idText, points, terms }).map((grant) => grantOf(grant.points, grant.id, { terms: grant.terms })),
  fc.record({ id: idText, points }).map((spent) => redeemOf(spent.points, spent.id)),
  fc.record({ id: idText, points }).map((spent) => tillRedeemOf(spent.points, 100, spent.id)),
  fc.record({ id: idText, points }).map((debt) => adjustOf(-debt.points, debt.id, { allowDebt: true })),
  fc.record({ id: idText, points, days: smallId }).map((hold) => holdOf(hold.points, hold.id, hold.days * DAY_MS)),
  idText.map((id) => captureOf(id)),
  idText.map((id) => releaseOf(id)),
)

/** Something is asked, or two accounts are merged, or something that is on its way arrives, perhaps again. */
type Step =
  | { readonly is: 'order'; readonly command: Command }
  | { readonly is: 'customer'; readonly customerId: string; readonly command: Command }
  | { readonly is: 'merge'; readonly customerId: string; readonly into: string }
  | { readonly is: 'arrival'; readonly pick: number }
  | { readonly is: 'time'; readonly ms: number }

const orderStep = fc.record({ is: fc.constant('order'), command: ofOrder })
const mergeStep = fc.record({ is: fc.constant('merge'), customerId: customer, into: customer })
const arrivalStep = fc.record({ is: fc.constant('arrival'), pick: fc.nat() })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: orderStep },
  { weight: 6, arbitrary: fc.record({ is: fc.constant('customer'), customerId: customer, command: ofCustomer }) },
  { weight: 1, arbitrary: mergeStep },
  { weight: 3, arbitrary: arrivalStep },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('time'), ms: fc.nat(4 * DAY_MS) }) },
)

/** Shopify names the buyer of an order when it is made: order 1 is of customer a, and so on. */
function buyerOf(command: Command): string {
  const gid = 'orderGid' in command ? command.orderGid : gidOf(1)
  return CUSTOMERS[Number(gid.split('/').at(-1)) - 1] ?? 'a'
}

function play(family: Family, one: Step): void {
  switch (one.is) {
    case 'order':
      family.ask(buyerOf(one.command), one.command)
      break
    case 'customer':
      family.ask(one.customerId, one.command)
      break
    case 'merge':
      family.merge(one.customerId, one.into)
      break
    case 'arrival':
      family.arrive(one.pick)
      break
    case 'time':
      family.wait(one.ms)
      break
  }
}

describe('accounts that are merged', { timeout: 60_000 }, () => {
  it('conserve all points, whatever happens in between and however often it arrives', () => {
    let merges = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (story) => {
        const family = new Family(CUSTOMERS)
        for (const one of story) {
          play(family, one)
          expect(mergeViolations(family.books, false)).toEqual([])
        }
        family.deliver()
        merges += [...family.books.values()].filter(({ account }) => account.mergedInto !== null).length
      }),
      { numRuns: 150 },
    )
    expect(merges).toBeGreaterThan(100)
  })

  it('bring each order to f(net), in whoever’s books it is', () => {
    const steps = fc.oneof(orderStep, orderStep, orderStep, mergeStep, arrivalStep)
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' }), (story) => {
        const family = new Family(CUSTOMERS)
        for (const one of story) play(family, one)
        family.wait(30 * DAY_MS)
        family.deliver()
        const all = [...family.books.values()]
        const posted = all.reduce((sum, { account }) => sum + account.posted, 0)
        expect(posted).toBe([1, 2, 3, 4].reduce((sum, id) => sum + worthOf(story, gidOf(id)), 0))
        // An order is in one account's books only.
        const earned = all.flatMap(({ entries }) => entries.filter(({ detail }) => detail.rule !== undefined))
        expect(new Set(earned.map(({ orderGid }) => orderGid)).size).toBe(earned.length)
      }),
      { numRuns: 200 },
    )
  })

  it('end alike for the removed one, whether or not an alarm ran', () => {
    const commands = fc.array(fc.oneof(ofOrder, ofCustomer), { minLength: 1, maxLength: 20 })
    const later = fc.array(fc.tuple(fc.nat(4 * DAY_MS), fc.oneof(ofOrder, ofCustomer)), { maxLength: 15 })
    fc.assert(
      fc.property(commands, later, (before, after) => {
        const [rare, eager] = [new Family(['a']).account('a'), new Family(['a']).account('a')]
        for (const account of [rare, eager]) {
          for (const command of before) account.do(command)
          account.do(mergeInto('b'))
        }
        for (const [ms, command] of [...after, [30 * DAY_MS, cancellation()] as const]) {
          for (let part = 0; part < 4; part += 1) eager.wait(Math.floor(ms / 4))
          rare.nowMs += Math.floor(ms / 4) * 4
          for (const account of [rare, eager]) account.do(command)
        }
        const told = [rare, eager].map(({ entries }) =>
          entries.map(({ type, points: by, effectiveAtMs, externalId }) => ({ type, by, effectiveAtMs, externalId })),
        )
        expect(told[0]).toEqual(told[1])
        expect(booksOf(rare).lots).toEqual(booksOf(eager).lots)
      }),
      { numRuns: 150 },
    )
  })
})

/** What an order ends at by what was told of it: only what was told after it earned counts as an edit. */
function worthOf(story: readonly Step[], orderGid: string): number {
  const told = story.flatMap((one) => (one.is === 'order' && one.command.kind !== 'apply_due' ? [one.command] : []))
  const theirs = told.filter((command) => 'orderGid' in command && command.orderGid === orderGid)
  const first = theirs.findIndex(({ kind }) => kind === 'earn_order')
  const order = theirs[first]
  if (order?.kind !== 'earn_order' || theirs.some(({ kind }) => kind === 'cancel_order')) return 0
  let amount = order.parts.goods
  let newestMs = MONDAY_MS
  for (const edit of theirs.slice(first)) {
    if (edit.kind !== 'edit_order' || edit.editedAtMs <= newestMs || edit.parts.goods === amount) continue
    amount = edit.parts.goods
    newestMs = edit.editedAtMs
  }
  // The same refund with another amount is a conflict, and changes nothing.
  const refund = theirs.find(({ kind }) => kind === 'clawback')
  return pointsFor(order.rule, amount - (refund?.kind === 'clawback' ? refund.parts.goods : 0))
}
