import { expect, vi } from 'vitest'
import type { Balance } from '../../../domain/contracts/points.ts'
import { verifiesAfter } from '../../../domain/ledger/entry.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { AccountRef, CustomerAccountRpc, MergeReply } from '../../kernel/protocol.ts'
import { newCustomer, stubOf } from '../samples.ts'

/** What the tests of merges say again and again. */

const BY_SHOP = { source: 'merge', actor: 'shopify', effectiveAtMs: 1_790_000_000_000 } as const

/** Customers of one merchant. */
export function customers(count: number): readonly AccountRef[] {
  const { merchantId } = newCustomer()
  return Array.from({ length: count }, () => ({ ...newCustomer(), merchantId }))
}

export function pair(): readonly [AccountRef, AccountRef] {
  const [a, b] = customers(2)
  if (a === undefined || b === undefined) throw new Error('there are two')
  return [a, b]
}

export function merge(
  from: AccountRef,
  into: AccountRef,
  stub: CustomerAccountRpc = stubOf(from),
): Promise<MergeReply> {
  return stub.mergeInto(from, into, BY_SHOP)
}

export const send = (ref: AccountRef, ...commands: readonly Command[]) => stubOf(ref).executeBatch(ref, commands)

export async function balanceOf(ref: AccountRef): Promise<Balance> {
  const balance = await stubOf(ref).balance(ref)
  if (balance === null) throw new Error('nothing was booked here')
  return balance
}

/** What an account's own books say, whoever answers for it. */
export async function books(ref: AccountRef) {
  const page = await stubOf(ref).ledger(ref, 0, 1000)
  if (page === null) throw new Error('nothing was booked here')
  const { entries } = page
  let previous = ''
  for (const entry of entries) {
    expect(verifiesAfter(entry, previous)).toBe(true)
    previous = entry.hash
  }
  return {
    history: entries.map(({ type, points }) => `${type} ${points}`),
    posted: page.balance.posted,
    debt: page.balance.debt,
    mergedInto: page.mergedInto,
    entries,
  }
}

/** A merged account keeps nothing, and its points are in the other one. */
export async function expectMerged(from: AccountRef, into: AccountRef, posted: number): Promise<void> {
  await vi.waitFor(async () => expect((await books(into)).posted).toBe(posted), { timeout: 5_000 })
  expect(await books(from)).toMatchObject({ posted: 0, debt: 0 })
  // Whoever asks for the removed one hears of the kept one.
  expect(await balanceOf(from)).toEqual({ ...(await balanceOf(into)), as_of: expect.any(String) })
}
