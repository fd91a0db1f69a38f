import type { PosItem, PosReason, PosRecord, PosResult } from '../contracts/pos.ts'
import type { EarnPoints, Redeem } from '../ledger/types.ts'

/** The shapes of what tills send, inside. All times are milliseconds since 1970 (UTC). No logic. */

/** An item of a batch as it was read. `fingerprint`: SHA-256 (hex) of its contents. */
export type SentItem =
  | { readonly kind: 'item'; readonly index: number; readonly fingerprint: string; readonly item: PosItem }
  | {
      readonly kind: 'malformed'
      readonly index: number
      readonly fingerprint: string
      /** Null where it has none that can be read. */
      readonly opId: string | null
      readonly deviceSeq: number | null
      readonly detail: string
    }

/** A code that was reserved for the device, as a redemption looks at it. */
export interface KnownCode {
  readonly code: string
  readonly title: string
  readonly points: number
  readonly expiresAtMs: number
  readonly isUsed: boolean
}

/** What the books of the device say; what is decided about an item depends on nothing else. */
export interface DeviceBooks {
  readonly nextDeviceSeq: number
  hasOpId(opId: string): boolean
  code(code: string): KnownCode | undefined
}

/** How an item ended, before what its customer's account says. */
export interface Ending {
  readonly result: PosResult
  readonly reason: PosReason | null
  readonly detail: string | null
}

/** What is to be booked for an item. */
export interface PosBooking {
  /** UUID of the customer. */
  readonly customerId: string
  readonly shopifyCustomerGid: string | null
  readonly command: EarnPoints | Redeem
}

/** An item that is taken: as it will be recorded if its booking is not refused, and that booking. */
export interface TakenItem {
  readonly fingerprint: string
  /** Whether the device's next number goes on behind it. */
  readonly takesNumber: boolean
  /** Its `record` is given when it is recorded. */
  readonly draft: Omit<PosRecord, 'id' | 'record'>
  readonly booking: PosBooking | null
}
