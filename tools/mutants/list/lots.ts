import { type Mutant, mutant } from '../mutant.ts'

/** Which points are taken, and what holds pin. */
export const OF_LOTS: readonly Mutant[] = [
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
  mutant(
    'overdraft by one',
    'ledger/holds.ts',
    '  if (points <= available) return null',
    '  if (points <= available + 1) return null',
  ),
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
    'a till overdraws without a limit',
    'ledger/holds.ts',
    'const isTooMuch = draft.account.debt + made > overdraft.leftPoints',
    'const isTooMuch = false',
  ),
  mutant(
    'the limit of overdraft is for each redemption',
    'ledger/holds.ts',
    'draft.account.debt + made > overdraft.leftPoints',
    'made > overdraft.leftPoints',
  ),
  mutant(
    'an overdraft is no debt',
    'ledger/holds.ts',
    '...(uncovered > 0 ? { debtMade: uncovered } : {}) },\n  }\n}\n\n/** Pins',
    '},\n  }\n}\n\n/** Pins',
  ),
  mutant(
    'anyone overdraws',
    'ledger/holds.ts',
    'const NO_OVERDRAFT: Overdraft = { leftPoints: 0, madePoints: 0 }',
    'const NO_OVERDRAFT: Overdraft = { leftPoints: 50, madePoints: 50 }',
  ),
]
