import type { Balance, Transaction } from '../../../domain/contracts/points.ts'
import type { Redemption } from '../../../domain/contracts/rewards.ts'
import type { StorefrontSession } from '../../shared/storefront-session.ts'

/** Everything of one shopper, as the download has it. */
export interface OwnData {
  readonly exported_at: string
  readonly balance: Balance
  /** Newest first. */
  readonly transactions: readonly Transaction[]
  readonly redemptions: readonly Redemption[]
}

/** All pages of a list. Rejects as the session's calls do. */
async function allOf<T>(
  session: StorefrontSession,
  path: string,
  itemsOf: (answer: Readonly<Record<string, readonly T[]>>) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const items: T[] = []
  let next: string | null = null
  do {
    const cursor: string = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
    const answer = await session.call<Readonly<Record<string, readonly T[]>> & { next_cursor: string | null }>(
      `${path}?limit=100${cursor}`,
    )
    items.push(...(itemsOf(answer) ?? []))
    next = answer.next_cursor
  } while (next !== null)
  return items
}

/** Collects all that the API tells a shopper of themselves. Rejects as the session's calls do. */
export async function collect(session: StorefrontSession, nowMs: number): Promise<OwnData> {
  const balance = await session.call<Balance>('/points/balance')
  return {
    exported_at: new Date(nowMs).toISOString(),
    balance,
    transactions: await allOf<Transaction>(session, '/points/transactions', (answer) => answer['transactions']),
    redemptions: await allOf<Redemption>(session, '/redemptions', (answer) => answer['redemptions']),
  }
}

/** Hands a text to the browser as a file to keep. */
export function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
