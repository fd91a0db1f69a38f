import type { PosReason } from '../contracts/pos.ts'
import { deviceSeqOf, opIdOf } from './read.ts'
import type { DeviceBooks, SentItem } from './types.ts'

/** A number further ahead than this is no gap but nonsense. */
export const FURTHEST_AHEAD = 100_000

/**
 * Where an item stands towards the numbers of its device.
 * - next: it is its turn. - deferred: numbers before it are missing. - refused: not recorded, it changes nothing.
 * - reused: its number or its id was something else before; recorded, because it may be a sale that nobody else tells of.
 */
export type Place =
  | { readonly kind: 'next' }
  | { readonly kind: 'deferred' | 'refused'; readonly reason: PosReason; readonly detail: string }
  | {
      readonly kind: 'reused'
      readonly reason: 'op_id_reused' | 'device_seq_reused'
      readonly detail: string
      readonly takesNumber: boolean
    }

/** The place of an item that never came before with the same contents. */
export function placeOf(sent: SentItem, books: DeviceBooks): Place {
  const deviceSeq = deviceSeqOf(sent)
  const opId = opIdOf(sent)
  if (deviceSeq === null || opId === null) {
    const detail = sent.kind === 'malformed' ? sent.detail : ''
    return { kind: 'refused', reason: 'malformed', detail }
  }
  const { nextDeviceSeq } = books
  if (deviceSeq > nextDeviceSeq + FURTHEST_AHEAD) {
    const detail = `The server waits for ${nextDeviceSeq}; numbers go on by one.`
    return { kind: 'refused', reason: 'sequence_jump', detail }
  }
  if (deviceSeq > nextDeviceSeq) {
    return { kind: 'deferred', reason: 'gap', detail: `Send ${nextDeviceSeq} first, or a void in its place.` }
  }
  const takesNumber = deviceSeq === nextDeviceSeq
  if (books.hasOpId(opId)) {
    const detail = 'The device used this op_id before for something else.'
    return { kind: 'reused', reason: 'op_id_reused', detail, takesNumber }
  }
  if (takesNumber) return { kind: 'next' }
  const detail = 'The device used this device_seq before for something else.'
  return { kind: 'reused', reason: 'device_seq_reused', detail, takesNumber }
}
