import { describe, expect, test } from 'vitest'
import type { Score } from './score.ts'
import { DEFAULT_RULES, segmentGaps, segmentOf, segmentTable, SEGMENTS, valueScore } from './segments.ts'

const SCORES: readonly Score[] = [1, 2, 3, 4, 5]

describe('the default segments', () => {
  test('give every cell exactly one segment', () => {
    expect(segmentGaps(DEFAULT_RULES)).toEqual([])
  })

  test('of all 125 scores: the table and the rules agree, and every segment but prospects is met', () => {
    const table = segmentTable(DEFAULT_RULES)
    const met = new Set<string>()
    for (const r of SCORES) {
      for (const f of SCORES) {
        for (const m of SCORES) {
          const segment = segmentOf({ r, f, m })
          expect(table[r * 6 + valueScore({ f, m })]).toBe(segment)
          met.add(segment)
        }
      }
    }
    expect([...met].toSorted()).toEqual(SEGMENTS.filter((name) => name !== 'prospects').toSorted())
  })

  test.each([
    [{ r: 5, f: 5, m: 4 }, 'champions'],
    [{ r: 5, f: 1, m: 1 }, 'new'],
    [{ r: 1, f: 5, m: 5 }, 'previously_loyal'],
    [{ r: 3, f: 2, m: 3 }, 'needs_attention'],
    [{ r: 4, f: 1, m: 2 }, 'active'],
    [null, 'prospects'],
  ] as const)('%o is %s', (scores, segment) => {
    expect(segmentOf(scores)).toBe(segment)
  })
})

describe('rules of a merchant', () => {
  test('that leave a gap or overlap are named by their cells', () => {
    const overlapping = [...DEFAULT_RULES.slice(1), { segment: 'loyal', recency: [5, 5], value: [5, 5] } as const]
    expect(segmentGaps(overlapping)).toEqual([
      { recency: 1, value: 1, segments: [] },
      { recency: 1, value: 2, segments: [] },
      { recency: 2, value: 1, segments: [] },
      { recency: 2, value: 2, segments: [] },
      { recency: 5, value: 5, segments: ['champions', 'loyal'] },
    ])
    expect(() => segmentTable(overlapping)).toThrow('recency 1, value 1 has 0 segments')
  })
})
