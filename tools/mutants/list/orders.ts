import { type Mutant, mutant } from '../mutant.ts'

/** What orders earn, and refunds, cancellations and edits take back. */
export const OF_ORDERS: readonly Mutant[] = [
  mutant(
    'a refund forgets earlier refunds',
    'ledger/orders.ts',
    'refunds: [...book.refunds, command.parts]',
    'refunds: [command.parts]',
  ),
  mutant(
    'a refund forgets what was taken back',
    'ledger/orders.ts',
    'book.earned - book.clawed - left',
    'book.earned - left',
  ),
  mutant(
    'a refund by one point too much',
    'ledger/orders.ts',
    'Math.max(0, book.earned - book.clawed - left)',
    'Math.max(0, book.earned - book.clawed - left + 1)',
  ),
  mutant(
    'an order earns in spite of earlier refunds',
    'ledger/orders.ts',
    'netPoints(rule, parts, book.refunds)',
    'netPoints(rule, parts, [])',
  ),
  mutant('a cancelled order earns', 'ledger/orders.ts', 'const points = book.cancelled ? 0 :', 'const points ='),
  mutant(
    "a refund counts tax by its own flag, not its order's",
    'ledger/orders.ts',
    'baseMinor(rule, { ...refund, taxes_included })',
    'baseMinor(rule, refund)',
  ),
  mutant(
    'a refund takes from any lot first',
    'ledger/orders.ts',
    'takeFromLots(draft, rest, (lot) => lot.orderGid === orderGid)',
    'takeFromLots(draft, rest)',
  ),
  mutant(
    'a refund makes no debt',
    'ledger/orders.ts',
    'const debtMade = uncovered > 0 ? { debtMade: uncovered } : {}',
    'const debtMade = {}',
  ),
  mutant(
    'reversed entries still count',
    'ledger/orders.ts',
    '.filter(({ seq }) => view.entryByExternalId(`reversal:${seq}`) === undefined)',
    '.filter(() => true)',
  ),
  mutant(
    'a return window is skipped',
    'ledger/orders.ts',
    'if (points > 0 && activatesAtMs > nowMs) {',
    'if (points > 0 && activatesAtMs < 0) {',
  ),

  mutant(
    'an edit is forgotten by later refunds',
    'ledger/orders.ts',
    'const parts = edit?.parts ?? paid',
    'const parts = paid',
  ),
  mutant(
    'an older edit replaces a newer one',
    'ledger/orders.ts',
    'if (newest === null || editedAtMs > newest.editedAtMs)',
    'if (newest === null || editedAtMs < newest.editedAtMs)',
  ),
  mutant(
    'an edit that comes late is booked',
    'ledger/orders.ts',
    ' || (book.edit !== null && editedAtMs <= book.edit.editedAtMs)) return null',
    ') return null',
  ),
  mutant(
    'an edit forgets what refunds took',
    'ledger/orders.ts',
    'const missing = left - (book.earned - book.clawed)',
    'const missing = left - book.earned',
  ),
  mutant(
    'an edit never adds',
    'ledger/orders.ts',
    '  if (missing <= 0) return takeBack',
    '  if (missing <= 0 || missing > 0) return takeBack',
  ),
  mutant(
    'what an edit adds does not wait',
    'ledger/orders.ts',
    'pendingTerms === undefined || activatesAtMs <= nowMs',
    'pendingTerms === undefined || activatesAtMs > 0',
  ),
  mutant(
    'an edit counts as a refund too',
    'ledger/orders.ts',
    '(detail.editedAtMs === undefined ? (detail.parts ?? []) : [])',
    '(detail.parts ?? [])',
  ),
]
