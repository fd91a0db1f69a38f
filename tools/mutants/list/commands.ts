import { type Mutant, mutant } from '../mutant.ts'

/** What every command goes through: business ids, the clock, the chain of hashes. */
export const OF_COMMANDS: readonly Mutant[] = [
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
    '  for (const { lot } of [...entry.allocations, ...pins]) expireIfOver(draft, lot, nowMs, nowMs)\n',
    '',
  ),
  mutant(
    'the hash leaves the points out',
    'ledger/entry.ts',
    '    type,\n    points,\n    source,\n    externalId,\n    fingerprint,\n    effectiveAtMs,\n    recordedAtMs,\n    actor,\n    allocations: allocations',
    '    type,\n    source,\n    externalId,\n    fingerprint,\n    effectiveAtMs,\n    recordedAtMs,\n    actor,\n    allocations: allocations',
  ),
]
