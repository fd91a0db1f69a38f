import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { MemoryLedger } from '../../domain/ledger/memory.ts'
import type { Entry } from '../../domain/ledger/types.ts'

/** What the shell of an account does with merges, apart from the calls: as `durable-objects/customer-account/merges.ts`. */

interface Merged {
  readonly ledger: MemoryLedger
  readonly deliveredSeq: number
}

/** The next merge_out that the other account may not have yet. */
export function nextUndelivered({ ledger, deliveredSeq }: Merged): Entry | undefined {
  if (ledger.account.mergedInto === null) return undefined
  for (let seq = deliveredSeq + 1; seq <= ledger.account.seq; seq += 1) {
    const entry = ledger.entry(seq)
    if (entry?.type === 'merge_out') return entry
  }
  return undefined
}

/** The order that a command is about, where its books decide who does it. */
export function orderOf(command: BusinessCommand): string | undefined {
  const isOfOrder =
    command.kind === 'earn_order' ||
    command.kind === 'clawback' ||
    command.kind === 'cancel_order' ||
    command.kind === 'edit_order'
  return isOfOrder ? command.orderGid : undefined
}
