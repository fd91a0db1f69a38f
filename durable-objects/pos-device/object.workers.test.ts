import { describe, expect, it } from 'vitest'
import type { DeviceRef } from '../kernel/protocol.ts'
import {
  accountOf,
  accountRef,
  gidOf,
  grant,
  newTill,
  nothing,
  opIdOf,
  postedOf,
  redemption,
  reserve,
  sale,
  send,
  settingsWith,
  shuffled,
  summary,
  tillStub,
} from './samples.ts'

const DAY_MS = 24 * 3_600_000

describe('a batch', () => {
  it('becomes points, worked out by the server, under an id that only a till can have', async () => {
    const till = newTill()
    const answer = await send(till, [
      sale(1, 1, '59.90', { receipt: 'A-1042', expected_points: 59 }),
      sale(2, 2, '10.00', { expected_points: 11 }),
      sale(3, 1, '0.99'),
    ])
    expect(summary(answer)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(answer.next_device_seq).toBe(4)
    expect(answer.results.map(({ points, points_differ }) => [points, points_differ])).toEqual([
      [59, false],
      [10, true],
      [0, false],
    ])
    const { ref, stub } = accountOf(till, 1)
    const { transactions } = (await stub.transactions(ref, { beforeSeq: null, limit: 5, orderGid: null })) ?? {}
    expect(transactions).toMatchObject([
      {
        kind: 'earn',
        points: 59,
        source: 'pos',
        actor: `device:${till.deviceId}`,
        external_id: `pos:${till.deviceId}:${opIdOf(1)}`,
        reason: 'A-1042',
      },
    ])
  })

  it('is taken in the order of the numbers, and answered in the order of the request', async () => {
    const till = newTill()
    const items = [sale(1, 1, '10'), nothing(2), sale(3, 1, '20'), sale(4, 2, '30')]
    const answer = await send(till, items.toReversed())
    expect(answer.results.map(({ index, device_seq }) => [index, device_seq])).toEqual([
      [0, 4],
      [1, 3],
      [2, 2],
      [3, 1],
    ])
    expect(summary(answer)).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
    const { ref, stub } = accountOf(till, 1)
    expect((await stub.ledger(ref, 0, 9))?.entries.map(({ points }) => points)).toEqual([10, 20])
  })

  it('ends where it should after ten uploads, in pieces, shuffled, with repetitions in it', async () => {
    const till = newTill()
    const items = Array.from({ length: 60 }, (_, index) => sale(index + 1, index % 7, `${index + 1}.00`))
    await send(till, shuffled(items, 7).slice(0, 20))
    for (let start = 0; start < items.length; start += 13) await send(till, items.slice(start, start + 13))
    for (let turn = 0; turn < 10; turn += 1) {
      const answer = await send(till, shuffled([...items, ...items.slice(0, 5)], turn))
      expect(answer.next_device_seq).toBe(61)
      expect(new Set(answer.results.map(({ result }) => result))).toEqual(new Set(['duplicate']))
    }
    const sums = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((customer) => postedOf(till, customer)))
    expect(sums.reduce((sum, points) => sum + points, 0)).toBe((60 * 61) / 2)
  })

  it('answers a duplicate as it answered the first time, whatever the settings say by now', async () => {
    const till = newTill()
    const items = [sale(1, 1, '100', { currency: 'USD' }), sale(2, 1, '100')]
    const first = await send(till, items)
    expect(summary(first)).toEqual(['rejected/currency_mismatch', 'accepted'])
    const dearer = settingsWith({}, { earning: { ...settingsWith().settings.earning, points: 5 }, currency: 'USD' })
    const again = await send(till, items, { settings: dearer })
    expect(summary(again)).toEqual(['duplicate/rejected/currency_mismatch', 'duplicate/accepted'])
    expect(again.results[1]).toMatchObject({ points: 100 })
    expect(await postedOf(till, 1)).toBe(100)
  })

  it('may bring one item twice', async () => {
    const till = newTill()
    const one = sale(1, 1, '10')
    const answer = await send(till, [one, one, sale(3, 1, '10'), sale(3, 1, '10')])
    expect(summary(answer)).toEqual(['accepted', 'duplicate/accepted/batch_duplicate', 'deferred/gap', 'deferred/gap'])
    expect(await postedOf(till, 1)).toBe(10)
  })
})

describe('the numbers of a device', () => {
  it('have no gaps: what comes too early waits, and nothing of it is stored', async () => {
    const till = newTill()
    expect(summary(await send(till, [sale(2, 1, '10'), sale(3, 1, '10')]))).toEqual(['deferred/gap', 'deferred/gap'])
    const answer = await send(till, [sale(1, 1, '5'), sale(3, 1, '10')])
    expect(summary(answer)).toEqual(['accepted', 'deferred/gap'])
    expect(answer.next_device_seq).toBe(2)
    // Not stored: other contents under the same id are no reuse.
    expect(summary(await send(till, [sale(2, 1, '20'), sale(3, 1, '30')]))).toEqual(['accepted', 'accepted'])
    expect(await postedOf(till, 1)).toBe(55)
  })

  it('go on behind one that the device has lost', async () => {
    const till = newTill()
    expect(summary(await send(till, [nothing(1), sale(2, 1, '10')]))).toEqual(['accepted', 'accepted'])
  })

  it('do not jump', async () => {
    const till = newTill()
    const answer = await send(till, [sale(1, 1, '1'), sale(100_003, 1, '1'), sale(Number.MAX_SAFE_INTEGER, 1, '1')])
    expect(summary(answer)).toEqual(['accepted', 'rejected/sequence_jump', 'rejected/sequence_jump'])
    expect(summary(await send(newTill(), [sale(100_001, 1, '1')]))).toEqual(['deferred/gap'])
  })

  it('are used once: an id or a number with other contents is a task for the merchant, and booked never', async () => {
    const till = newTill()
    await send(till, [sale(1, 1, '10'), sale(2, 1, '10')])
    const items = [
      sale(1, 1, '9999'),
      sale(2, 1, '9999', { op_id: 'another-op' }),
      sale(3, 1, '9999', { op_id: opIdOf(1) }),
      sale(4, 1, '7'),
    ]
    const answer = await send(till, items)
    expect(summary(answer)).toEqual([
      'rejected/op_id_reused',
      'rejected/device_seq_reused',
      'rejected/op_id_reused',
      'accepted',
    ])
    expect(answer.next_device_seq).toBe(5)
    expect(summary(await send(till, items))).toEqual([
      'duplicate/rejected/op_id_reused',
      'duplicate/rejected/device_seq_reused',
      'duplicate/rejected/op_id_reused',
      'duplicate/accepted',
    ])
    expect(await postedOf(till, 1)).toBe(27)
  })
})

describe('an item that is not as it should be', () => {
  it('takes its number if it has one, and harms no other', async () => {
    const till = newTill()
    const spoilt = { ...sale(1, 1, '10'), amount: 'ten' }
    const answer = await send(till, [spoilt, sale(2, 1, '10')])
    expect(summary(answer)).toEqual(['rejected/malformed', 'accepted'])
    expect(answer.results[0]?.detail).toContain('amount')
    expect(summary(await send(till, [spoilt]))).toEqual(['duplicate/rejected/malformed'])
  })

  it('is not recorded if nobody can tell which one it is', async () => {
    const till = newTill()
    const prototype: unknown = JSON.parse('{"__proto__": {"op_id": "op-00000001", "device_seq": 1}}')
    const answer = await send(till, [null, 7, [], 'item', {}, { op_id: 'op-12345678' }, prototype, sale(1, 1, '10')])
    expect(summary(answer).slice(0, -1)).toEqual(Array.from({ length: 7 }, () => 'rejected/malformed'))
    expect(summary(answer).at(-1)).toBe('accepted')
  })

  it.each([
    ['a field that does not exist', { tip: '1.00' }],
    ['a prototype key', JSON.parse('{"__proto__": {"kind": "void"}}')],
    ['a kind that does not exist', { kind: 'constructor' }],
    ['a negative amount', { amount: '-1' }],
    ['an amount as a number', { amount: 59.9 }],
    ['an amount with an exponent', { amount: '1e3' }],
    ['too many digits', { amount: '1234567890123456' }],
    ['a currency that is none', { currency: 'euro' }],
    ['U+0000 in the receipt', { receipt: 'A\u00001' }],
    ['half a surrogate pair', { receipt: 'A\ud800' }],
    ['a huge string', { receipt: 'A'.repeat(300_000) }],
    ['a customer that is none', { customer_id: 'constructor' }],
    ['a day that does not exist', { at: '2026-02-30T00:00:00Z' }],
    ['expected points beyond the integers', { expected_points: 2 ** 53 }],
    ['endless nesting', { receipt: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) }],
  ])('is refused for %s', async (_what, change: object) => {
    const till = newTill()
    // As JSON brings it: own properties, whatever their names are.
    const spoilt = Object.defineProperties({ ...sale(1, 1, '10') }, Object.getOwnPropertyDescriptors(change))
    expect(summary(await send(till, [spoilt, nothing(2)]))).toEqual(['rejected/malformed', 'accepted'])
    expect(await postedOf(till, 1)).toBe(0)
  })
})

describe('money', () => {
  it.each([
    ['JPY', '1500', 1500],
    ['JPY', '1500.5', 1501],
    ['KWD', '1.234', 1],
    ['EUR', '0.00', 0],
    ['EUR', '999999999.99', 999_999_999],
  ])('%s %s is %i points at one a unit', async (currency, amount, points) => {
    const till = newTill()
    const settings = settingsWith({}, { currency })
    const answer = await send(till, [sale(1, 1, amount, { currency })], { settings })
    expect(answer.results).toMatchObject([{ result: 'accepted', points }])
    expect(await postedOf(till, 1)).toBe(points)
  })

  it.each([
    ['another currency than the shop’s', 'EUR', 'XYZ', '10', 'currency_mismatch'],
    ['an amount that has no safe minor units', 'KWD', 'KWD', '999999999999999', 'amount_out_of_range'],
    ['more points than one entry may carry', 'EUR', 'EUR', '1000000001', 'points_out_of_range'],
    ['all the digits there are', 'JPY', 'JPY', '999999999999999', 'points_out_of_range'],
  ])('is refused for %s', async (_what, own, currency, amount, reason) => {
    const till = newTill()
    const settings = settingsWith({}, { currency: own })
    const answer = await send(till, [sale(1, 1, amount, { currency }), nothing(2)], { settings })
    expect(summary(answer)).toEqual([`rejected/${reason}`, 'accepted'])
    expect(await postedOf(till, 1)).toBe(0)
  })

  it('earns nothing where Shopify tells of the order, or earning is off; that is no task', async () => {
    const till = newTill()
    expect(summary(await send(till, [sale(1, 1, '10', { shopify_order_id: 'gid://shopify/Order/1' })]))).toEqual([
      'accepted/shopify_order',
    ])
    const off = settingsWith({}, { earning: { ...settingsWith().settings.earning, enabled: false } })
    expect(summary(await send(till, [sale(2, 1, '10')], { settings: off }))).toEqual(['accepted/earning_disabled'])
    expect(await postedOf(till, 1)).toBe(0)
  })

  it('goes to a customer by any of the names; one that nobody knows is refused', async () => {
    const till = newTill()
    const { customerId } = accountRef(till, 1)
    const items = [
      sale(1, 1, '1', { customer_id: crypto.randomUUID() }),
      sale(2, 1, '10'),
      sale(3, 1, '20', { customer_id: customerId.toUpperCase() }),
      sale(4, 1, '30', { customer_id: gidOf(1).replace(/.*\//, '') }),
    ]
    expect(summary(await send(till, items))).toEqual([
      'rejected/customer_not_found',
      'accepted',
      'accepted',
      'accepted',
    ])
    expect(await postedOf(till, 1)).toBe(60)
  })
})

describe('a clock', () => {
  it('that is a year off, either way, changes no balance', async () => {
    for (const offMs of [-365 * DAY_MS, 365 * DAY_MS]) {
      const till = newTill()
      const receivedAtMs = Date.now()
      const sentAtMs = receivedAtMs + offMs
      const items = [1, 2, 3].map((seq) => sale(seq, 1, '10', { at: new Date(sentAtMs - seq * 60_000).toISOString() }))
      const answer = await send(till, items, { receivedAtMs, sentAtMs })
      expect(answer.clock_skew_ms).toBe(-offMs)
      const receivedAt = new Date(receivedAtMs).toISOString()
      expect(answer.results).toMatchObject(
        items.map(() => ({ result: 'accepted', clock_flag: 'ignored', effective_at: receivedAt })),
      )
      expect(await postedOf(till, 1)).toBe(30)
    }
  })

  it('that is ten minutes off is put right, and flagged', async () => {
    const till = newTill()
    const receivedAtMs = Date.now()
    const sentAtMs = receivedAtMs - 10 * 60_000
    const at = new Date(sentAtMs - 3_600_000).toISOString()
    const answer = await send(till, [sale(1, 1, '10', { at })], { receivedAtMs, sentAtMs })
    expect(answer.results).toMatchObject([
      { clock_flag: 'skewed', effective_at: new Date(receivedAtMs - 3_600_000).toISOString() },
    ])
  })

  it('says nothing of a time before the device had uploaded everything, however the upload comes in pieces', async () => {
    const till = newTill()
    const startMs = Date.now() - 10 * 3_600_000
    await send(till, [nothing(1)], { receivedAtMs: startMs })
    const at = new Date(startMs + 3_600_000).toISOString()
    const tooEarly = new Date(startMs - 3_600_000).toISOString()
    const laterMs = startMs + 8 * 3_600_000
    const first = await send(till, [sale(2, 1, '1', { at }), sale(3, 1, '1', { at: tooEarly })], {
      receivedAtMs: laterMs,
    })
    const second = await send(till, [sale(4, 1, '1', { at })], { receivedAtMs: laterMs + 1_000 })
    const effective = [...first.results, ...second.results].map(({ effective_at, clock_flag }) => [
      effective_at,
      clock_flag,
    ])
    expect(effective).toEqual([
      [at, 'ok'],
      [new Date(startMs).toISOString(), 'skewed'],
      [at, 'ok'],
    ])
  })
})

describe('reserved codes', () => {
  it('spend the points of the customer who used one, once', async () => {
    const till = newTill()
    await grant(till, 1, 300)
    const [one = '', two = ''] = (await reserve(till, 100, 2)).map(({ code }) => code)
    const answer = await send(till, [
      redemption(1, 1, one),
      redemption(2, 1, one),
      redemption(3, 1, two),
      redemption(4, 1, 'NO-SUCH-CODE'),
    ])
    expect(summary(answer)).toEqual(['accepted', 'rejected/code_used', 'accepted', 'rejected/code_unknown'])
    expect(summary(await send(till, [redemption(5, 1, two)]))).toEqual(['rejected/code_used'])
    expect(await postedOf(till, 1)).toBe(100)
    const { ref, stub } = accountOf(till, 1)
    const ledger = await stub.ledger(ref, 0, 9)
    expect(ledger?.entries.map(({ externalId }) => externalId)).toContain(`redeem:pos:${till.deviceId}:${opIdOf(1)}`)
  })

  it('are no codes at another device, nor under another shop', async () => {
    const till = newTill()
    const [{ code } = { code: '' }] = await reserve(till, 100, 1)
    for (const other of [newTill(till.merchantId), newTill()]) {
      expect(summary(await send(other, [redemption(1, 1, code)]))).toEqual(['rejected/code_unknown'])
    }
    expect(summary(await send(till, [redemption(1, 1, code)]))).toEqual(['accepted_overdraft'])
  })

  it('are good until they end, by the time at which they were used', async () => {
    const till = newTill()
    const settings = settingsWith({ reserved_code_days: 1 })
    const reservedMs = Date.now() - 10 * DAY_MS
    const codes = await reserve(till, 10, 3, settings, reservedMs)
    const [inTime = '', late = ''] = codes.map(({ code }) => code)
    const items = [
      redemption(1, 1, inTime, { at: new Date(reservedMs + DAY_MS - 1).toISOString() }),
      redemption(2, 1, late, { at: new Date(reservedMs + DAY_MS).toISOString() }),
    ]
    // In two pieces, days after the code has ended.
    expect(summary(await send(till, items.slice(0, 1), { settings }))).toEqual(['accepted_overdraft'])
    expect(summary(await send(till, items.slice(1), { settings }))).toEqual(['rejected/code_expired'])
  })

  it('are readable, hold 128 random bits, and are refilled up to what the shop allows', async () => {
    const till = newTill()
    const settings = settingsWith({ reserved_codes: 5 })
    const first = await reserve(till, 10, 3, settings)
    expect(first).toHaveLength(3)
    for (const { code } of first) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$/)
    expect(await reserve(till, 20, 10, settings)).toHaveLength(2)
    expect(await reserve(till, 30, 10, settings)).toHaveLength(0)
    await send(till, [redemption(1, 1, first[0]?.code ?? '')], { settings })
    expect(await reserve(till, 30, 10, settings)).toHaveLength(1)
  })

  it('keep their points when the reward changes', async () => {
    const till = newTill()
    const reward = { id: crypto.randomUUID(), title: 'Cup', value: {}, conditions: {} }
    const settings = settingsWith()
    const reserveAt = (points: number, count: number) =>
      tillStub(till).reserveCodes(till, { ...reward, points }, count, settings, Date.now())
    await reserveAt(100, 1)
    const reply = await reserveAt(150, 2)
    expect(reply.ok && reply.codes.map(({ points }) => points).toSorted((a, b) => a - b)).toEqual([100, 150])
  })
})

describe('overdraft', () => {
  it('is up to the customer’s limit, to the point; beyond it the item is a task', async () => {
    const till = newTill()
    await grant(till, 1, 40)
    const settings = settingsWith({ overdraft_customer_points: 100 })
    const [fits = ''] = (await reserve(till, 140, 1)).map(({ code }) => code)
    const [over = ''] = (await reserve(till, 1, 1)).map(({ code }) => code)
    const answer = await send(till, [redemption(1, 1, fits), redemption(2, 1, over)], { settings })
    expect(summary(answer)).toEqual(['accepted_overdraft', 'rejected/overdraft_customer'])
    expect(answer.results[0]).toMatchObject({ points: -140, overdraft_points: 100 })
    expect(await postedOf(till, 1)).toBe(-100)
    // What a sale pays back may be owed again.
    const later = [sale(3, 1, '1.00'), redemption(4, 1, (await reserve(till, 1, 1))[0]?.code ?? '')]
    expect(summary(await send(till, later, { settings }))).toEqual(['accepted', 'accepted_overdraft'])
  })

  it('is up to the device’s limit of the day, to the point, in the order of its numbers', async () => {
    const till = newTill()
    const settings = settingsWith({ overdraft_device_points: 250, overdraft_customer_points: 500 })
    const codes = (await reserve(till, 100, 5)).map(({ code }) => code)
    const items = codes.map((code, index) => redemption(index + 1, index + 1, code))
    await grant(till, 4, 60)
    expect(summary(await send(till, items, { settings }))).toEqual([
      'accepted_overdraft',
      'accepted_overdraft',
      'rejected/overdraft_device',
      'accepted_overdraft',
      'rejected/overdraft_device',
    ])
    const [{ code } = { code: '' }] = await reserve(till, 10, 1)
    const tomorrowMs = Date.now() + DAY_MS
    const last = await send(till, [redemption(6, 9, code, { at: new Date(tomorrowMs).toISOString() })], {
      settings,
      receivedAtMs: tomorrowMs,
    })
    expect(summary(last)).toEqual(['accepted_overdraft'])
  })

  it('holds with several requests of one device at once', async () => {
    const till = newTill()
    const settings = settingsWith({ overdraft_device_points: 1_000 })
    const codes = (await reserve(till, 90, 30)).map(({ code }) => code)
    const items = codes.map((code, index) => redemption(index + 1, index + 1, code))
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) => send(till, items.slice(0, 5 * (turn + 1)), { settings })),
    )
    expect(answers.at(-1)?.next_device_seq).toBe(31)
    const posted = await Promise.all(items.map((_, index) => postedOf(till, index + 1)))
    expect(posted.reduce((sum, points) => sum + points, 0)).toBe(-990)
  })

  it('of nothing lets nobody owe anything', async () => {
    const till = newTill()
    const settings = settingsWith({ overdraft_device_points: 0 })
    await grant(till, 1, 100)
    const codes = (await reserve(till, 100, 2)).map(({ code }) => code)
    const answer = await send(
      till,
      codes.map((code, index) => redemption(index + 1, index + 1, code)),
      { settings },
    )
    expect(summary(answer)).toEqual(['accepted', 'rejected/overdraft_device'])
  })
})

describe('two devices', () => {
  it('race for one customer’s points: each is booked, together within the customer’s limit', async () => {
    const till = newTill()
    const other = newTill(till.merchantId)
    await grant(till, 1, 1_000)
    const settings = settingsWith({ overdraft_customer_points: 200 })
    const both = await Promise.all(
      [till, other].map(async (device) => {
        const codes = (await reserve(device, 100, 10)).map(({ code }) => code)
        return send(
          device,
          codes.map((code, index) => redemption(index + 1, 1, code)),
          { settings },
        )
      }),
    )
    const results = both.flatMap((answer) => summary(answer))
    expect(results.filter((result) => result === 'accepted')).toHaveLength(10)
    expect(results.filter((result) => result === 'accepted_overdraft')).toHaveLength(2)
    expect(results.filter((result) => result === 'rejected/overdraft_customer')).toHaveLength(8)
    expect(await postedOf(till, 1)).toBe(-200)
  })
})

describe('a customer who was merged into another', () => {
  it('is served by the one who has the points, whichever of the two the till knows', async () => {
    const till = newTill()
    const [gone, kept] = [accountOf(till, 1), accountOf(till, 2)]
    const codes = (await reserve(till, 100, 2)).map(({ code }) => code)
    await send(till, [sale(1, 1, '70'), sale(2, 2, '20')])
    const byShopify = { source: 'shopify' as const, actor: 'shopify', effectiveAtMs: Date.now() }
    await gone.stub.mergeInto(gone.ref, kept.ref, byShopify)
    const items = [
      sale(3, 1, '5'),
      redemption(4, 1, codes[0] ?? ''),
      sale(5, 1, '20', { customer_id: gone.ref.customerId }),
      redemption(6, 2, codes[1] ?? ''),
    ]
    const answers = [await send(till, items.slice(0, 3)), await send(till, items.slice(3))]
    const results = answers.flatMap((answer) => answer.results)
    expect(results.map(({ result, points, overdraft_points }) => [result, points, overdraft_points])).toEqual([
      ['accepted', 5, 0],
      ['accepted_overdraft', -100, 5],
      ['accepted', 20, 0],
      ['accepted_overdraft', -100, 85],
    ])
    await send(till, items)
    expect([await postedOf(till, 1), await postedOf(till, 2)]).toEqual([-85, -85])
    // What came before the merge is known still.
    expect(summary(await send(till, [sale(1, 1, '71')]))).toEqual(['rejected/op_id_reused'])
  })
})

/** How long so many calls of one command each take, one after the other, of customers who have accounts. */
async function oneByOneMs(till: DeviceRef, calls: number): Promise<number> {
  const start = performance.now()
  for (let call = 0; call < calls; call += 1) await grant(till, call % 50, 12)
  return performance.now() - start
}

describe('a large batch', () => {
  it('of 500 items for 50 customers takes far less than 500 calls, however busy the machine is', async () => {
    const till = newTill()
    const codes = (await reserve(till, 5, 150, settingsWith({ reserved_codes: 150 }))).map(({ code }) => code)
    const batchesMs: number[] = []
    const callsMs: number[] = []
    for (const round of [0, 1, 2]) {
      const items = Array.from({ length: 500 }, (_, index) => {
        const seq = round * 500 + index + 1
        const code = codes[Math.floor(seq / 10) - 1]
        return seq % 10 === 0 && code !== undefined ? redemption(seq, seq % 50, code) : sale(seq, seq % 50, '12.50')
      })
      const start = performance.now()
      const answer = await send(till, items)
      batchesMs.push(performance.now() - start)
      expect(answer.next_device_seq).toBe((round + 1) * 500 + 1)
      expect(new Set(summary(answer))).toEqual(new Set(['accepted', 'accepted_overdraft']))
      callsMs.push((await oneByOneMs(till, 100)) * 5)
    }
    expect(Math.min(...batchesMs)).toBeLessThan(0.7 * Math.min(...callsMs))
  }, 60_000)
})
