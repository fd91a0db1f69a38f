import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocate, percentOf } from './allocation.ts'

describe('an amount spread over parts', () => {
  it('follows their weights, and the largest remainders get the rest', () => {
    expect(allocate(500, [3998, 1002])).toEqual([400, 100])
    expect(allocate(100, [1, 1, 1])).toEqual([34, 33, 33])
    expect(allocate(1, [10, 30, 20])).toEqual([0, 1, 0])
    expect(allocate(0, [5, 5])).toEqual([0, 0])
    expect(allocate(0, [0, 0])).toEqual([0, 0])
  })

  it('is spent to the last unit, and no part gets more than it weighs', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (parts, share) => {
        const total = parts.reduce((sum, part) => sum + part, 0)
        const amount = Math.floor(total * share)
        const given = allocate(amount, parts)
        expect(given.reduce((sum, part) => sum + part, 0)).toBe(amount)
        expect(given.every((part, index) => part <= (parts[index] ?? 0))).toBe(true)
      }),
    )
  })
})

it('a percentage is rounded half up', () => {
  expect(percentOf(1999, 15)).toBe(300)
  expect(percentOf(50, 1)).toBe(1)
  expect(percentOf(49, 1)).toBe(0)
  expect(percentOf(1999, 100)).toBe(1999)
})
