/**
 * Faults that a programmer might make in the ledger's core, by hand: each changes one place. If none of the simulation,
 * the unit tests and the property tests notices one, the tests are too weak.
 */
export interface Mutant {
  /** What is wrong, in words. */
  readonly name: string
  readonly file: string
  /** Text that the file has exactly once. */
  readonly find: string
  readonly replace: string
}

function mutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, file: `domain/${file}`, find, replace }
}

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'no deduplication',
    'ledger/decide.ts',
    "if (booked?.fingerprint === fingerprint) return { outcome: 'duplicate', entry: booked }",
    '',
  ),
  mutant(
    'any payload counts as a duplicate',
    'ledger/decide.ts',
    'if (booked?.fingerprint === fingerprint)',
    'if (booked !== undefined)',
  ),
  mutant('what is due is not booked before a command', 'ledger/decide.ts', '  applyDue(draft, atMs)\n', ''),
  mutant(
    'the clock may go back',
    'ledger/decide.ts',
    'const atMs = Math.max(nowMs, view.account.lastRecordedAtMs)',
    'const atMs = nowMs',
  ),
  mutant(
    'points given back to an expired lot stay',
    'ledger/decide.ts',
    '  for (const { lot } of [...own.allocations, ...pins]) expireIfOver(draft, lot, nowMs, nowMs)\n',
    '',
  ),
  mutant('LIFO', 'ledger/lots.ts', 'toSorted(byExpiryThenSeq)', 'toSorted((a, b) => byExpiryThenSeq(b, a))'),
  mutant(
    'FIFO by grant, not by expiry',
    'ledger/lots.ts',
    'return expiryA === expiryB ? a.id - b.id : expiryA - expiryB',
    'return a.id - b.id',
  ),
  mutant('lots of one day by the newest', 'ledger/lots.ts', 'a.id - b.id : expiryA', 'b.id - a.id : expiryA'),
  mutant(
    'lots without expiry go first',
    'ledger/lots.ts',
    '?? Number.POSITIVE_INFINITY\n  const expiryB',
    '?? 0\n  const expiryB',
  ),
  mutant('pins are forgotten', 'ledger/lots.ts', 'return lot.remaining - lot.pinned', 'return lot.remaining'),
  mutant(
    'debt does not lessen what is available',
    'ledger/lots.ts',
    'return freePoints(view) - view.account.debt',
    'return freePoints(view)',
  ),
  mutant('a lot lives one instant too long', 'ledger/lots.ts', 'lot.expiresAtMs <= nowMs', 'lot.expiresAtMs < nowMs'),
  mutant('overdraft by one', 'ledger/holds.ts', 'return points <= available', 'return points <= available + 1'),
  mutant('limits are not looked at', 'ledger/holds.ts', '  if (limits) {', '  if (limits && points < 0) {'),
  mutant(
    'a capture may take more than is held',
    'ledger/holds.ts',
    '  if (points > hold.points) {',
    '  if (points > 2 * hold.points) {',
  ),
  mutant(
    'an ended hold ends again',
    'ledger/holds.ts',
    "if (hold.state !== 'open') return",
    "if (hold.state === 'captured') return",
  ),
  mutant(
    'a capture spends the last pins, not the first',
    'ledger/holds.ts',
    'for (const pin of hold.pins) {\n    if (rest',
    'for (const pin of hold.pins.toReversed()) {\n    if (rest',
  ),
  mutant(
    'a hold never times out',
    'ledger/due.ts',
    '    if (timeoutAtMs <= nowMs) due.push',
    '    if (timeoutAtMs < 0) due.push',
  ),
  mutant(
    'points activate before a hold of that instant ends',
    'ledger/due.ts',
    "const KINDS = ['timeout', 'activation', 'expiry'] as const",
    "const KINDS = ['activation', 'timeout', 'expiry'] as const",
  ),
  mutant(
    'a lot that activates late does not expire',
    'ledger/due.ts',
    '      if (expiry !== null && expiry.atMs <= nowMs) {',
    '      if (expiry !== null && expiry.atMs < 0) {',
  ),
  mutant(
    'an expiry takes what is pinned',
    'ledger/due.ts',
    '  const free = freeOf(lot)\n  const debtPaid',
    '  const free = lot.remaining\n  const debtPaid',
  ),
  mutant(
    'an expiry pays no debt',
    'ledger/due.ts',
    'const debtPaid = Math.min(draft.account.debt, free)',
    'const debtPaid = 0',
  ),
  mutant(
    'a lot lives from when its points were booked',
    'ledger/due.ts',
    'lotExpiryMs(pending, due.atMs)',
    'lotExpiryMs(pending, nowMs)',
  ),
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
    'netPoints(rule, orderMinor, parts.taxes_included, book.refunds)',
    'netPoints(rule, orderMinor, parts.taxes_included, [])',
  ),
  mutant('a cancelled order earns', 'ledger/orders.ts', 'const points = book.cancelled ? 0 :', 'const points ='),
  mutant(
    "a refund counts tax by its own flag, not its order's",
    'ledger/orders.ts',
    '{ ...refund, taxes_included: taxesIncluded }',
    'refund',
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
    'rounding up',
    'earning/rule.ts',
    'return Number(numerator / denominator)',
    'return Number(numerator / denominator) + 1',
  ),
  mutant(
    'rounding half down',
    'earning/rule.ts',
    '(2n * numerator + denominator) / (2n * denominator)',
    '(2n * numerator + denominator - 1n) / (2n * denominator)',
  ),
  mutant(
    'tax counts twice',
    'earning/base.ts',
    'return taxesIncluded ? amountMinor : amountMinor + taxMinor',
    'return amountMinor + taxMinor',
  ),
  mutant('shipping always earns', 'earning/base.ts', '(basis.include_shipping ? shippingMinor : 0)', 'shippingMinor'),
  mutant(
    'the hash leaves the points out',
    'ledger/entry.ts',
    '    type,\n    points,\n    source,\n    externalId,\n    fingerprint,\n    effectiveAtMs,\n    recordedAtMs,\n    actor,\n    allocations: allocations',
    '    type,\n    source,\n    externalId,\n    fingerprint,\n    effectiveAtMs,\n    recordedAtMs,\n    actor,\n    allocations: allocations',
  ),
]
