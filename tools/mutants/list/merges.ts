import { type Mutant, mutant } from '../mutant.ts'

/** What leaves a merged account, and what comes to the other. */
export const OF_MERGES: readonly Mutant[] = [
  mutant(
    'a merge forgets the debt',
    'ledger/merge.ts',
    'const debtPaid = Math.min(draft.account.debt, MAX_POINTS)',
    'const debtPaid = 0',
  ),
  mutant(
    'a merge takes what is pinned',
    'ledger/merge.ts',
    '    allocations.push({ lot: lot.id, points: -freeOf(lot) })\n    points += freeOf(lot)',
    '    allocations.push({ lot: lot.id, points: -lot.remaining })\n    points += lot.remaining',
  ),
  mutant(
    'a merge leaves a lot behind',
    'ledger/merge.ts',
    'while (freePoints(draft) > 0 || draft.account.debt > 0)',
    'while (draft.openLots.length > 1)',
  ),
  mutant(
    'a merged account keeps what comes free',
    'ledger/merge.ts',
    '  if (mergedInto === null) return\n  while',
    '  if (mergedInto !== null) return\n  while',
  ),
  mutant(
    'a merged account keeps what time brings it',
    'ledger/due.ts',
    '    keepNothing(draft, due.atMs, nowMs)\n',
    '',
  ),
  mutant(
    'a merged account keeps what a command brings it',
    'ledger/decide.ts',
    '  keepNothing(draft, atMs, atMs)\n',
    '',
  ),
  mutant(
    'a merged account goes on as if it were not',
    'ledger/decide.ts',
    'draft.account.mergedInto !== null && !staysHere(draft, command)',
    'draft.account.mergedInto === "" && !staysHere(draft, command)',
  ),
  mutant(
    'a merged account does not know its own orders',
    'ledger/merge.ts',
    'return view.entriesOfOrder(command.orderGid).length > 0',
    'return false',
  ),
  mutant(
    'a merged account does not end its own holds',
    'ledger/merge.ts',
    'return view.hold(command.holdId) !== undefined',
    'return false',
  ),
  mutant(
    'a lot that moves lives for ever',
    'ledger/merge.ts',
    'return { points, expiresAtMs, inactivity, orderGid }',
    'return { points, expiresAtMs: null, inactivity, orderGid }',
  ),
  mutant(
    'a lot that moves forgets how silence ends it',
    'ledger/merge.ts',
    'return { points, expiresAtMs, inactivity, orderGid }',
    'return { points, expiresAtMs, inactivity: null, orderGid }',
  ),
  mutant(
    'the kept account forgets the debt',
    'ledger/merge.ts',
    'if (debt === 0 && lots.length > 0) return arrivals',
    'if (lots.length > 0) return arrivals',
  ),
  mutant(
    'debt that comes is paid from no lot',
    'ledger/merge.ts',
    'const { allocations, uncovered } = takeFromLots(draft, debt)',
    'const { allocations, uncovered } = { allocations: [], uncovered: debt }',
  ),
  mutant(
    'the kept account does not know whose orders it has',
    'ledger/book.ts',
    'mergedFrom === undefined ? before : [...new Set([...before, ...mergedFrom])]',
    'before',
  ),
  mutant(
    'only the last merge is known',
    'ledger/book.ts',
    '[...new Set([...before, ...mergedFrom])]',
    '[...mergedFrom]',
  ),
  mutant(
    'the kept account forgets when the other customer was active',
    'ledger/book.ts',
    "if (type === 'merge_in') return Math.max(beforeMs, detail.lastActivityAtMs ?? 0)",
    "if (type === 'merge_in') return beforeMs",
  ),
]
