import { describe, expect, it } from 'vitest'
import { FURTHEST_AHEAD, placeOf } from './place.ts'
import { readItems } from './read.ts'
import type { DeviceBooks } from './types.ts'

/** A device of which ten items have come. */
const books: DeviceBooks = {
  nextDeviceSeq: 11,
  hasOpId: (opId) => opId.startsWith('known-'),
  code: () => undefined,
}

function place(op_id: string, device_seq: number) {
  const [sent] = readItems([{ op_id, device_seq, at: '2026-08-01T12:00:00Z', kind: 'void' }])
  if (sent === undefined) throw new Error('one item was read')
  const { detail: _words, ...rest } = { detail: '', ...placeOf(sent, books) }
  return rest
}

describe('placeOf', () => {
  it.each([
    ['new-0001', 11, { kind: 'next' }],
    ['new-0001', 12, { kind: 'deferred', reason: 'gap' }],
    ['new-0001', 11 + FURTHEST_AHEAD, { kind: 'deferred', reason: 'gap' }],
    ['new-0001', 12 + FURTHEST_AHEAD, { kind: 'refused', reason: 'sequence_jump' }],
    ['new-0001', Number.MAX_SAFE_INTEGER, { kind: 'refused', reason: 'sequence_jump' }],
    ['new-0001', 10, { kind: 'reused', reason: 'device_seq_reused', takesNumber: false }],
    ['known-001', 10, { kind: 'reused', reason: 'op_id_reused', takesNumber: false }],
    ['known-001', 11, { kind: 'reused', reason: 'op_id_reused', takesNumber: true }],
    ['known-001', 12, { kind: 'deferred', reason: 'gap' }],
  ])('%s with the number %i', (opId, deviceSeq, expected) => {
    expect(place(opId, deviceSeq)).toEqual(expected)
  })

  it('refuses what has no number', () => {
    const [sent] = readItems([{ op_id: 'new-0001' }])
    expect(sent && placeOf(sent, books)).toMatchObject({ kind: 'refused', reason: 'malformed' })
  })
})
