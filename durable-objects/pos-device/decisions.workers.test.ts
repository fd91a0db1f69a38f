import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { PosDecision } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import type { DeviceRef, PosDecided } from '../kernel/protocol.ts'
import {
  accountOf,
  grant,
  newTill,
  postedOf,
  rawTillStub,
  redemption,
  sale,
  send,
  settingsWith,
  tillStub,
} from './samples.ts'
import { DeviceStore } from './store.ts'

const BOOK: PosDecision = { decision: 'book', points: 25, note: 'The sale was in dollars' }
const DISMISS: PosDecision = { decision: 'dismiss', note: 'Counted twice' }

/** A till with one rejected item of customer 1, who has 100 points. */
async function withTask(): Promise<DeviceRef> {
  const till = newTill()
  await grant(till, 1, 100)
  await send(till, [sale(1, 1, '10', { currency: 'USD' })])
  return till
}

function decide(
  till: DeviceRef,
  decision: PosDecision,
  more: { readonly record?: number; readonly by?: string; readonly settings?: VersionedSettings } = {},
): Promise<PosDecided> {
  const { record = 1, by = 'api_key:1', settings = settingsWith() } = more
  return tillStub(till).decide(till, record, decision, by, settings, Date.now())
}

describe('a rejected item', () => {
  it('is booked by a correction, once, however often the decision comes', async () => {
    const till = await withTask()
    const first = await decide(till, BOOK)
    expect(first).toMatchObject({
      ok: true,
      record: { task: 'booked', points: 25, decided_by: 'api_key:1', note: BOOK.note, version: 2 },
    })
    expect(await decide(till, BOOK)).toEqual(first)
    const other = { ok: false, refusal: { code: 'already_decided' } }
    expect(await decide(till, { ...BOOK, points: 26 })).toMatchObject(other)
    expect(await decide(till, BOOK, { by: 'api_key:2' })).toMatchObject(other)
    expect(await decide(till, DISMISS)).toMatchObject(other)
    expect(await postedOf(till, 1)).toBe(125)
    const { ref, stub } = accountOf(till, 1)
    expect(await stub.transactions(ref, { beforeSeq: null, limit: 1, orderGid: null })).toMatchObject({
      transactions: [{ kind: 'adjust', points: 25, source: 'pos', actor: 'api_key:1', reason: BOOK.note }],
    })
  })

  it('is dismissed without a booking; the till hears of neither', async () => {
    const till = await withTask()
    expect(await decide(till, DISMISS)).toMatchObject({ ok: true, record: { task: 'dismissed', points: 0 } })
    expect(await postedOf(till, 1)).toBe(100)
  })

  it('stays open where the correction is refused, and may then be decided otherwise', async () => {
    const till = await withTask()
    const tooMuch = await decide(till, { ...BOOK, points: -101 })
    expect(tooMuch).toMatchObject({ ok: false, refusal: { code: 'insufficient_points' } })
    expect(await decide(till, { ...BOOK, points: -100 })).toMatchObject({ ok: true, record: { task: 'booked' } })
    expect(await postedOf(till, 1)).toBe(0)
  })

  it('ends as the first decision said, if that died between the booking and its record', async () => {
    const till = await withTask()
    const { ref, stub } = accountOf(till, 1)
    await runInDurableObject(rawTillStub(till), async (_device, { storage }) => {
      const store = new DeviceStore(storage)
      store.transaction(till, () => store.setDeciding(1, { decision: BOOK, by: 'api_key:1' }))
    })
    await stub.executeBatch(ref, [
      {
        kind: 'adjust',
        source: 'pos',
        actor: 'api_key:1',
        effectiveAtMs: Date.now(),
        adjustmentId: `pos:${till.deviceId}:1`,
        points: 25,
        reason: BOOK.note,
        allowDebt: false,
        terms: { lotDays: null, timeZone: 'Europe/Berlin' },
      },
    ])
    expect(await decide(till, DISMISS, { by: 'api_key:2' })).toMatchObject({
      ok: false,
      refusal: { code: 'already_decided' },
    })
    expect(await decide(till, BOOK)).toMatchObject({ ok: true, record: { task: 'booked', points: 25, version: 2 } })
    expect(await postedOf(till, 1)).toBe(125)
  })

  it('needs a second person like any correction above the shop’s limit', async () => {
    const till = await withTask()
    const settings = settingsWith({}, { adjustments: { approval_above_points: 24 } })
    expect(await decide(till, BOOK, { settings })).toMatchObject({ refusal: { code: 'second_person_required' } })
    expect(await decide(till, { ...BOOK, points: -24 }, { settings })).toMatchObject({ ok: true })
  })

  it('of nobody can only be dismissed', async () => {
    const till = newTill()
    await send(till, [{ ...sale(1, 1, '10'), amount: 'ten' }, sale(2, 1, '10', { customer_id: crypto.randomUUID() })])
    for (const record of [1, 2]) {
      expect(await decide(till, BOOK, { record })).toMatchObject({ refusal: { code: 'validation_failed' } })
      expect(await decide(till, DISMISS, { record })).toMatchObject({ ok: true, record: { task: 'dismissed' } })
    }
  })

  it('is one that the device has, and that was rejected', async () => {
    const till = newTill()
    await send(till, [sale(1, 1, '10'), redemption(2, 1, 'NO-SUCH')])
    expect(await decide(till, DISMISS, { record: 1 })).toMatchObject({ refusal: { code: 'already_decided' } })
    expect(await decide(till, DISMISS, { record: 3 })).toMatchObject({ refusal: { code: 'not_found' } })
    expect(await decide(till, DISMISS, { record: 2 })).toMatchObject({ ok: true })
  })

  it('keeps what the till was told: a duplicate says what it was the first time', async () => {
    const till = newTill()
    const item = sale(1, 1, '10', { currency: 'USD' })
    await grant(till, 1, 1)
    await send(till, [item])
    await decide(till, BOOK)
    expect((await send(till, [item])).results).toMatchObject([
      { result: 'duplicate', first_result: 'rejected', reason: 'currency_mismatch', points: 0 },
    ])
  })
})
