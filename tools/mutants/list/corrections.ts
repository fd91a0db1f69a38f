import { type Mutant, mutant } from '../mutant.ts'

/** Grants, corrections, reversals, and spent points that come back. */
export const OF_CORRECTIONS: readonly Mutant[] = [
  mutant(
    'a grant pays no debt',
    'ledger/grants.ts',
    'const debtPaid = Math.min(view.account.debt, points)',
    'const debtPaid = 0',
  ),
  mutant(
    'a grant pays debt and opens a lot of all of it',
    'ledger/grants.ts',
    'const granted = points - debtPaid',
    'const granted = points',
  ),
  mutant('no bound on the points of an entry', 'ledger/grants.ts', ' || Math.abs(points) > MAX_POINTS', ''),
  mutant(
    'a correction may always go into debt',
    'ledger/adjust.ts',
    'const uncoverable = allowDebt ? null : coverRefusal(draft, -points)',
    'const uncoverable = null',
  ),
  mutant(
    'a reversal of a refunded order',
    'ledger/reverse.ts',
    'readOrder(draft, orderGid).clawed > 0',
    'readOrder(draft, orderGid).clawed < 0',
  ),
  mutant(
    'a reversal gives points back to no lot of theirs',
    'ledger/reverse.ts',
    '({ lot, points: -points })',
    '({ lot, points })',
  ),
  mutant(
    'a reversal forgives debt that was paid since',
    'ledger/reverse.ts',
    'const repaid = debtMade - debtPaid',
    'const repaid = debtMade',
  ),

  mutant(
    'spent points are given back twice',
    'ledger/reverse.ts',
    'const left = -spent.points - returned',
    'const left = -spent.points',
  ),
  mutant(
    'spent points come back on top of a reversal',
    'ledger/reverse.ts',
    '  if (returnedPoints(draft, seq) !== 0) {',
    '  if (returnedPoints(draft, seq) < 0) {',
  ),
  mutant(
    'spent points come back into the wrong lots',
    'ledger/reverse.ts',
    'sliceOf(takingsOf(spent), returned, points)',
    'sliceOf(takingsOf(spent).toReversed(), returned, points)',
  ),
  mutant(
    'each part of spent points comes back into the same lot',
    'ledger/reverse.ts',
    'sliceOf(takingsOf(spent), returned, points)',
    'sliceOf(takingsOf(spent), 0, points)',
  ),
  mutant(
    'points that come back count as earned',
    'ledger/book.ts',
    'lifetimeAfter(account.lifetime, original?.type ?? entry.type, entry.points)',
    'lifetimeAfter(account.lifetime, entry.type, entry.points)',
  ),
]
