import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PosDeviceSeq, PosItem, PosOpId } from '../contracts/pos.ts'
import { sha256Canonical } from '../ledger/canonical.ts'
import type { SentItem } from './types.ts'

/** What can be read of an item that is not as it should be. */
const Numbered = z.looseObject({ op_id: PosOpId, device_seq: PosDeviceSeq })
const DETAIL_LENGTH = 200

/** Reads the items of a batch, each by itself: a bad one harms no other. */
export function readItems(items: readonly unknown[]): SentItem[] {
  return items.map(readItem)
}

function readItem(raw: unknown, index: number): SentItem {
  const parsed = PosItem.safeParse(raw)
  if (parsed.success) {
    return { kind: 'item', index, item: parsed.data, fingerprint: sha256Canonical({ ...parsed.data }) }
  }
  const numbered = Numbered.safeParse(raw)
  const { op_id: opId = null, device_seq: deviceSeq = null } = numbered.data ?? {}
  return {
    kind: 'malformed',
    index,
    opId,
    deviceSeq,
    detail: detailOf(parsed.error),
    fingerprint: createHash('sha256')
      .update(`malformed:${opId}:${deviceSeq}:${textOf(raw)}`, 'utf8')
      .digest('hex'),
  }
}

/** Whatever came, as text. What is nested so deep that it cannot be written counts as the same. */
function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw)
  } catch {
    return 'too deep'
  }
}

/** What is wrong, in one line. Names and values that the device made up stay out: they may be no text that a store takes. */
function detailOf(error: z.ZodError): string {
  const faults = error.issues.map(({ code, path, message }) => {
    if (code === 'unrecognized_keys') return 'it has fields that are not known here'
    return path.length === 0 ? message : `${path.join('.')}: ${message}`
  })
  return [...new Set(faults)].join('; ').slice(0, DETAIL_LENGTH)
}

/** In the order of their numbers; what has none comes last, what has the same as it came. */
export function inDeviceOrder(items: readonly SentItem[]): SentItem[] {
  return items.toSorted((a, b) => (deviceSeqOf(a) ?? Infinity) - (deviceSeqOf(b) ?? Infinity) || a.index - b.index)
}

export function deviceSeqOf(sent: SentItem): number | null {
  return sent.kind === 'item' ? sent.item.device_seq : sent.deviceSeq
}

export function opIdOf(sent: SentItem): string | null {
  return sent.kind === 'item' ? sent.item.op_id : sent.opId
}
