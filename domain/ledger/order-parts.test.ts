import { describe, expect, it } from 'vitest'
import { cancellation, DAY_MS, editOf, money, ORDER, orderOf, refundOf, TestAccount } from './examples.ts'
import type { Command } from './types.ts'

/** Orders of which a part waits, or whose points are of several rules. */

function storyOf(commands: readonly Command[]): TestAccount {
  const account = new TestAccount()
  for (const command of commands) account.book(command)
  return account
}

const { rule } = orderOf()
const BONUS = { ...rule, ruleId: 'bonus' }
const WAITING = orderOf({ returnWindowDays: 14 })
const OTHER = `${ORDER}1`

/** What an order with a window of a day gets when it grows at that time. */
function editedAt(atMs: number): string | undefined {
  const account = storyOf([orderOf({ returnWindowDays: 1 })])
  account.wait(atMs - account.nowMs)
  account.book(editOf(7000, 1))
  return account.history.at(-1)
}

describe('an order of which points wait', () => {
  it('loses to a refund no more entries than it needs', () => {
    const account = storyOf([WAITING, orderOf({ rule: BONUS, returnWindowDays: 14 }), refundOf(1000)])
    expect(account.history).toEqual(['earn_pending 0', 'earn_pending 0', 'cancel_pending 0'])
    expect(account.entries[2]?.detail).toMatchObject({
      refersToSeq: 1,
      pendingPoints: -20,
      parts: money({ goods: 1000 }),
    })
  })

  it('and others do not, loses both when it is cancelled', () => {
    const account = storyOf([WAITING, orderOf({ rule: BONUS }), cancellation()])
    expect(account.history).toEqual(['earn_pending 0', 'earn 59', 'cancel_pending 0', 'clawback -59'])
    expect(account.account).toMatchObject({ posted: 0, pending: 0, debt: 0 })
  })

  it('leaves those of another order alone', () => {
    const account = storyOf([WAITING, orderOf({ orderGid: OTHER, returnWindowDays: 14 }), cancellation(OTHER)])
    expect(account.pendings.map(({ orderGid, points }) => [orderGid, points])).toEqual([[ORDER, 59]])
  })
})

describe('an order with a return window', () => {
  it('that earns nothing has nothing that waits', () => {
    expect(storyOf([orderOf({ returnWindowDays: 14, parts: money({ goods: 99 }) })]).history).toEqual(['earn 0'])
  })

  it('that is edited with the end of it earns at once, a millisecond before that not yet', () => {
    const endMs = Date.UTC(2026, 2, 3, 23)
    expect(editedAt(endMs)).toBe('earn 11')
    expect(editedAt(endMs - 1)).toBe('earn_pending 0')
    expect(editedAt(endMs + DAY_MS)).toBe('earn 11')
  })
})
