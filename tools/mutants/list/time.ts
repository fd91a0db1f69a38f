import { type Mutant, mutant } from '../mutant.ts'

/** What time alone brings about. */
export const OF_TIME: readonly Mutant[] = [
  mutant(
    'a hold never times out',
    'ledger/due.ts',
    '({ timeoutAtMs }) => timeoutAtMs <= nowMs',
    '({ timeoutAtMs }) => timeoutAtMs < 0',
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
    '  return expiryUntil(nowMs, seq, life, draft.account)',
    '  return seq < 0 ? expiryUntil(nowMs, seq, life, draft.account) : []',
  ),
  mutant(
    'a lot lives one instant too long',
    'ledger/due.ts',
    'endedAtMs > atMs || freeOf(lot) === 0',
    'endedAtMs >= atMs || freeOf(lot) === 0',
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
    'lotLife(pending, activatesAtMs)',
    'lotLife(pending, nowMs)',
  ),

  mutant(
    'silence ends nothing',
    'ledger/expiry.ts',
    '  if (inactivity === null || inactivity === undefined || mergedInto !== null) return expiresAtMs',
    '  if (inactivity !== null) return expiresAtMs',
  ),
  mutant(
    'silence counts from the grant, whatever the customer does',
    'ledger/expiry.ts',
    'Math.max(inactivity.fromMs, lastActivityAtMs)',
    'inactivity.fromMs',
  ),
  mutant(
    'silence counts from before the grant',
    'ledger/expiry.ts',
    'Math.max(inactivity.fromMs, lastActivityAtMs)',
    'lastActivityAtMs',
  ),
  mutant(
    'silence puts off the day on which a lot ends',
    'ledger/expiry.ts',
    'return sooner(expiresAtMs, endOfDayAfterMs(silentFromMs, inactivity.days, inactivity.timeZone))',
    'return endOfDayAfterMs(silentFromMs, inactivity.days, inactivity.timeZone)',
  ),
  mutant(
    'corrections count as activity',
    'ledger/book.ts',
    "new Set(['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'])",
    "new Set(['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import', 'adjust'])",
  ),
  mutant(
    'the calendar forgets how many days there must be',
    'ledger/expiry.ts',
    'const earliest = grantedOn + calendar.minDays',
    'const earliest = grantedOn',
  ),
  mutant(
    'the calendar wins over the days',
    'ledger/expiry.ts',
    'const expiresAtMs = sooner(byAge, byCalendar)',
    'const expiresAtMs = byCalendar ?? byAge',
  ),
  mutant('29 February is 1 March', 'ledger/expiry.ts', 'Math.min(day, lastOfMonth)', 'day + 0 * lastOfMonth'),
]
