import { type Books, booksOf, type Checker } from './checks.ts'
import {
  postedIsTheSumOfEntries,
  noOverdraft,
  holdsEndOnce,
  seqIsGapless,
  businessIdsAreUnique,
  ordersEndAtNet,
  reversalsMirrorOnce,
  hashChainVerifies,
  stateIsTheFoldOfEntries,
  numbersStayInBounds,
} from './entry-invariants.ts'
import {
  postedIsLotsLessDebt,
  lotsAddUp,
  takesByFifo,
  nothingFromExpiredLots,
  entriesBalance,
} from './lot-invariants.ts'
import { mergedKeepNothing } from './merge-invariants.ts'

/**
 * What must hold for every account at every time, one checker each. The numbers are those of the design (`docs/`): 8, 13,
 * 14, 17 and 20 are about what others know of an account and are checked where those are; 16 is about a set of accounts,
 * see `mergeViolations`.
 */

export { booksOf }
export type { Books, Checker }

/** The checkers by the design's number of their invariant. */
export const INVARIANTS = {
  '1 posted is the sum of entries': postedIsTheSumOfEntries,
  '2 posted is lots less debt': postedIsLotsLessDebt,
  '3 lots add up': lotsAddUp,
  '4 no overdraft': noOverdraft,
  '5 holds end once': holdsEndOnce,
  '6 seq is gapless': seqIsGapless,
  '7 business ids are unique': businessIdsAreUnique,
  '9 points are taken by FIFO': takesByFifo,
  '10 nothing from expired lots': nothingFromExpiredLots,
  '11 orders end at f(net)': ordersEndAtNet,
  '12 reversals mirror once': reversalsMirrorOnce,
  '15 the hash chain verifies': hashChainVerifies,
  '18 the state is the fold of the entries': stateIsTheFoldOfEntries,
  '19 numbers stay in bounds': numbersStayInBounds,
  'entries balance': entriesBalance,
  'merged accounts keep nothing': mergedKeepNothing,
} as const satisfies Readonly<Record<string, Checker>>

/** What a checker says, or that the books are too wrong for it to read them. */
function verdict(check: Checker, books: Books): readonly string[] {
  try {
    return check(books)
  } catch (error) {
    return [`cannot be checked: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** All violations of all invariants, each with the name of its invariant; empty when the books are right. */
export function violationsOf(books: Books): readonly string[] {
  return Object.entries(INVARIANTS).flatMap(([name, check]) => verdict(check, books).map((text) => `${name}: ${text}`))
}
