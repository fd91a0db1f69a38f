import { expect, it } from 'vitest'
import { AdjustRequest, RedeemRequest } from './points.ts'

function isTaken(id: string): readonly boolean[] {
  const base = { customer_id: '7', points: 5 }
  return [
    AdjustRequest.safeParse({ ...base, reason: 'goodwill', adjustment_id: id }).success,
    RedeemRequest.safeParse({ ...base, redemption_id: id }).success,
  ]
}

it('ids of callers cannot look like those of tills, nor like those under which a code that was used late is booked', () => {
  expect(isTaken('pos:till:1')).toEqual([false, false])
  expect(isTaken('late-use:3b241101-e2bb-4255-8caf-4136c566a962')).toEqual([false, false])
  expect(isTaken('my-late-use:1')).toEqual([true, true])
})
