import * as fc from 'fast-check'
import type { Command, FrozenRule, LotTerms } from '../../../domain/ledger/types.ts'
import { adjust, earn, hold, order, redeem, refund } from '../samples.ts'
import { evicted, HOUR_MS, killed, merges, passes, type Real, repeated, rung, Say, type Told } from './story.ts'

/** What may happen in a story. Ids come from small ranges, so that commands meet. */

const BY_SHOP = { source: 'shopify', actor: 'shopify' } as const

const zone = fc.constantFrom('UTC', 'Asia/Tokyo', 'America/Phoenix')
const terms: fc.Arbitrary<LotTerms> = fc.record({
  lotDays: fc.constantFrom(null, null, 1, 3, 30),
  timeZone: zone,
  inactivityDays: fc.constantFrom(null, null, 1, 4),
  calendar: fc.constantFrom(
    null,
    null,
    { month: 1, day: 31, minDays: 2 },
    { month: 2, day: 29, minDays: 10 },
    { month: 2, day: 1, minDays: 0 },
  ),
})
const smallId = fc.integer({ min: 1, max: 3 })
const points = fc.integer({ min: 1, max: 200 })
const cents = fc.integer({ min: 0, max: 20_000 })
const idText = smallId.map(String)
const rounding = fc.constantFrom<FrozenRule['rounding'][]>('floor', 'half_up', 'ceil')

/** The same order each time that it is told, at the rule and terms of the moment. */
const orderTold = fc
  .record({ id: smallId, terms, points: fc.integer({ min: 1, max: 3 }), rounding, days: fc.constantFrom(0, 0, 2) })
  .map(({ id, terms: lotTerms, points: by, rounding: how, days }) => (nowMs: number): Command => {
    const told = order(id, [0, 12_345, 99_50, 4_99][id] ?? 0)
    const rule = { ...told.rule, points: by, rounding: how }
    return { ...told, rule, terms: lotTerms, returnWindowDays: days, effectiveAtMs: nowMs - 5 * HOUR_MS }
  })

const said: fc.Arbitrary<(nowMs: number) => Command> = fc.oneof(
  { weight: 4, arbitrary: orderTold },
  {
    weight: 4,
    arbitrary: fc.record({ id: fc.integer({ min: 1, max: 6 }), orderId: smallId, goods: cents }).map(
      ({ id, orderId, goods }) =>
        () =>
          refund(id, orderId, goods),
    ),
  },
  smallId.map((id) => (): Command => ({
    kind: 'cancel_order',
    source: 'shopify',
    actor: 'shopify',
    effectiveAtMs: Date.now(),
    orderGid: `gid://shopify/Order/${id}`,
  })),
  {
    weight: 3,
    arbitrary: fc
      .record({ id: fc.nat(9).map(String), points, terms })
      .map(({ id, points: by, terms: lotTerms }) => () => ({ ...earn(id, by), terms: lotTerms })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ id: fc.nat(9).map(String), points }).map(
      ({ id, points: by }) =>
        () =>
          redeem(id, by),
    ),
  },
  fc
    .record({ id: idText, points: fc.integer({ min: -200, max: 200 }), allowDebt: fc.boolean(), terms })
    .map(({ id, points: by, allowDebt, terms: lotTerms }) => () => ({ ...adjust(id, by), allowDebt, terms: lotTerms })),
  {
    weight: 2,
    arbitrary: fc.record({ id: idText, points, hours: fc.constantFrom(1, 30, 200) }).map(
      ({ id, points: by, hours }) =>
        () =>
          hold(id, by, hours * HOUR_MS),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ id: idText, points: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }) })
      .map(({ id, points: by }) => (nowMs: number): Command => {
        const base = {
          kind: 'capture',
          holdId: id,
          source: 'api',
          actor: 'api_key:test',
          effectiveAtMs: nowMs,
        } as const
        return by === undefined ? base : { ...base, points: by }
      }),
  },
  idText.map((id) => (nowMs: number): Command => ({
    kind: 'release',
    holdId: id,
    reason: 'not needed',
    source: 'api',
    actor: 'api_key:test',
    effectiveAtMs: nowMs,
  })),
  fc.integer({ min: 1, max: 25 }).map((seq) => (nowMs: number): Command => ({
    kind: 'reverse',
    seq,
    reason: 'a mistake',
    source: 'api',
    actor: 'user:1',
    effectiveAtMs: nowMs,
  })),
)

/** What the shop and its tills say only since orders may be edited, accounts merged, and points owed to a till. */
const saidToo: fc.Arbitrary<(nowMs: number) => Command> = fc.oneof(
  fc
    .record({ id: smallId, goods: cents, hoursAgo: fc.nat(30), terms })
    .map(({ id, goods, hoursAgo, terms: lotTerms }) => (nowMs: number): Command => ({
      kind: 'edit_order',
      ...BY_SHOP,
      effectiveAtMs: nowMs,
      orderGid: `gid://shopify/Order/${id}`,
      parts: { ...order(id, goods).parts },
      editedAtMs: nowMs - hoursAgo * HOUR_MS,
      terms: lotTerms,
    })),
  fc
    .record({ seq: fc.integer({ min: 1, max: 25 }), points: fc.integer({ min: 1, max: 60 }), refund: smallId })
    .map(({ seq, points: by, refund: id }) => (nowMs: number): Command => ({
      kind: 'return_spent',
      ...BY_SHOP,
      effectiveAtMs: nowMs,
      seq,
      points: by,
      becauseOf: `gid://shopify/Refund/${id}`,
      reason: 'refunded',
    })),
  fc
    .record({ id: fc.nat(9), points, overdraftPoints: fc.constantFrom(50, 120, 500), made: fc.constantFrom(20, 500) })
    .map(({ id, points: by, overdraftPoints, made }) => () => ({
      ...redeem(`pos:${id}`, by),
      source: 'pos' as const,
      actor: 'device:till',
      overdraftPoints,
      overdraftMadePoints: made,
    })),
)

const times = fc
  .oneof(
    fc.integer({ min: 1, max: 12 }).map((hours) => hours * HOUR_MS),
    fc.nat(6).map((days) => days * 24 * HOUR_MS),
  )
  .map(passes)
const troubles = [fc.constant(repeated), fc.constant(repeated), fc.constant(rung), times]

/** What may be asked of how many customers; merges where there are several. */
export interface StoryOptions {
  readonly customers: number
  readonly maxCommands: number
  /** Of a failed story, as it was printed. */
  readonly replayPath: string
}

/** Stories about some customers of a shop. */
export function stories({ customers, maxCommands, replayPath }: StoryOptions) {
  const who = fc.nat(customers - 1)
  const saying = fc.tuple(who, fc.oneof({ weight: 5, arbitrary: said }, { weight: 1, arbitrary: saidToo }))
  const says = Array.from({ length: 6 }, () => saying.map(([whose, command]) => new Say(whose, command)))
  // Accounts that call each other are not evicted while the runtime keeps their connection; a kill asks nobody.
  const losingMemory = customers > 1 ? fc.constant(killed) : fc.constantFrom(evicted, evicted, killed)
  const merging = customers > 1 ? [fc.tuple(who, who).map(([one, other]) => merges(one, other))] : []
  return fc.commands<Told, Real, false>([...says, ...troubles, losingMemory, ...merging], {
    maxCommands,
    size: 'max',
    ...(replayPath !== '' && { replayPath }),
  })
}
