import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { emptyAccount } from './draft.ts'
import { type EntryFields, negative, sealEntry, verifiesAfter } from './entry.ts'
import { orderOf } from './examples.ts'
import type { Entry } from './types.ts'

const FIELDS: EntryFields = {
  type: 'redeem',
  points: -40,
  source: 'api',
  externalId: 'redeem:r-1',
  fingerprint: 'f'.repeat(64),
  effectiveAtMs: 1_772_449_200_000,
  actor: 'api_key:k1',
  allocations: [{ lot: 1, points: -40 }],
  orderGid: null,
  ruleVersion: null,
  detail: { reason: 'mug' },
}

describe('a sealed entry', () => {
  it('carries the SHA-256 of its canonical JSON, as any auditor can work it out', () => {
    const account = { ...emptyAccount(), seq: 1, lastHash: 'a'.repeat(64) }
    const text =
      '{"actor":"api_key:k1","allocations":[{"lot":1,"points":-40}],"detail":{"reason":"mug"},' +
      `"effectiveAtMs":1772449200000,"externalId":"redeem:r-1","fingerprint":"${'f'.repeat(64)}","orderGid":null,` +
      `"points":-40,"previousHash":"${'a'.repeat(64)}","recordedAtMs":1772449200001,"ruleVersion":null,"seq":2,` +
      '"source":"api","type":"redeem"}'
    const entry = sealEntry(account, FIELDS, 1_772_449_200_001)
    expect(entry.hash).toBe(createHash('sha256').update(text).digest('hex'))
  })

  it('verifies only after its own predecessor and only as it was', () => {
    const entry = sealEntry(emptyAccount(), FIELDS, 1_772_449_200_001)
    expect(verifiesAfter(entry, '')).toBe(true)
    expect(verifiesAfter(entry, 'b'.repeat(64))).toBe(false)
    expect(verifiesAfter({ ...entry, points: -4 }, '')).toBe(false)
    expect(verifiesAfter({ ...entry, detail: { reason: 'cup' } }, '')).toBe(false)
    expect(verifiesAfter({ ...entry, previousHash: 'b'.repeat(64) }, 'b'.repeat(64))).toBe(false)
    expect(verifiesAfter({ ...entry, hash: 'b'.repeat(64) }, '')).toBe(false)
  })

  it('covers the rule, the money and the terms that it froze, and how its lot ends', () => {
    const { rule, parts, terms } = orderOf()
    const inactivity = { days: 3, timeZone: 'UTC', fromMs: 1 }
    const detail = { rule, parts, terms, inactivity, mergedFrom: ['a', 'b'] }
    const entry = sealEntry(emptyAccount(), { ...FIELDS, detail }, 1)
    expect(verifiesAfter(entry, '')).toBe(true)
    for (const changed of [
      { rule: { ...rule, points: 2 } },
      { parts: { ...parts, goods: 1 } },
      { terms: { ...terms, lotDays: 1 } },
      { inactivity: { ...inactivity, days: 4 } },
      { mergedFrom: ['a'] },
    ]) {
      expect(verifiesAfter({ ...entry, detail: { ...detail, ...changed } }, '')).toBe(false)
    }
  })

  it('has the same hash after it was stored as JSON', () => {
    const { rule, parts, terms } = orderOf()
    const entry = sealEntry(emptyAccount(), { ...FIELDS, points: negative(0), detail: { rule, parts, terms } }, 1)
    const stored: Entry = JSON.parse(JSON.stringify(entry))
    expect(stored).toEqual(entry)
    expect(verifiesAfter(stored, '')).toBe(true)
  })
})
