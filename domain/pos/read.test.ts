import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inDeviceOrder, readItems } from './read.ts'

const VOID = { op_id: 'op-00000001', device_seq: 1, at: '2026-08-01T12:00:00Z', kind: 'void' }

describe('readItems', () => {
  it('takes one after the other whatever JSON brings, and keeps their places', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 })), (values) => {
        const read = readItems([...values, VOID])
        expect(read.map(({ index }) => index)).toEqual([...values.keys(), values.length])
        expect(read.at(-1)?.kind).toBe('item')
        for (const { fingerprint } of read) expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
      }),
    )
  })

  it('knows the same contents again, however they are written, and no others', () => {
    const { kind, ...rest } = VOID
    const [one, reordered, other, spoilt, spoiltAgain] = readItems([
      VOID,
      { kind, ...rest },
      { ...VOID, at: '2026-08-01T12:00:01Z' },
      { ...VOID, more: 1 },
      { ...VOID, more: 1 },
    ])
    expect(reordered?.fingerprint).toBe(one?.fingerprint)
    expect(other?.fingerprint).not.toBe(one?.fingerprint)
    expect(spoiltAgain?.fingerprint).toBe(spoilt?.fingerprint)
    expect(spoilt?.fingerprint).not.toBe(one?.fingerprint)
  })

  it('reads id and number of a bad one only where both are good', () => {
    const bad = { ...VOID, kind: 'refund' }
    expect(
      readItems([bad, { ...bad, device_seq: 1.5 }, { ...bad, op_id: 'short' }, { ...bad, device_seq: 2 ** 53 }]),
    ).toMatchObject([
      { kind: 'malformed', opId: VOID.op_id, deviceSeq: 1 },
      { kind: 'malformed', opId: null, deviceSeq: null },
      { kind: 'malformed', opId: null, deviceSeq: null },
      { kind: 'malformed', opId: null, deviceSeq: null },
    ])
  })

  it('says what is wrong without repeating what came', () => {
    const [read] = readItems([{ ...VOID, '<script>\u0000': 1, at: 'secret' }])
    expect(read).toMatchObject({ detail: expect.stringContaining('at: ') })
    expect(JSON.stringify(read)).not.toMatch(/script|secret/)
  })

  it('reads what is nested too deep for anybody', () => {
    const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))
    expect(readItems([deep, { ...VOID, receipt: deep }, VOID]).map(({ kind }) => kind)).toEqual([
      'malformed',
      'malformed',
      'item',
    ])
  })
})

describe('inDeviceOrder', () => {
  it('is by number, then as they came; what has no number is last', () => {
    const numbers = [3, 1, null, 2, 1]
    const read = readItems(numbers.map((device_seq) => Object.assign({}, VOID, { device_seq })))
    expect(inDeviceOrder(read).map(({ index }) => index)).toEqual([1, 4, 3, 0, 2])
  })
})
