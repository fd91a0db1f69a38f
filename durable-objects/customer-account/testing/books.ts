import type { ErrorCode } from '../../../domain/contracts/errors.ts'
import type { EntryType, FrozenRule, Inactivity, LotTerms, MovedLot } from '../../../domain/ledger/types.ts'
import { endAfterDaysMs } from './time.ts'

/** What the model of an account keeps: lists that are searched from the front, sums taken anew each time. */

export interface ModelEntry {
  readonly seq: number
  readonly type: EntryType
  readonly points: number
  readonly externalId: string
  /** [lot, points], as they were taken. */
  readonly moves: readonly (readonly [number, number])[]
}

export type ModelOutcome =
  | { readonly outcome: 'applied' | 'duplicate'; readonly seq: number; readonly points: number }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'refused'; readonly code: ErrorCode }

export interface Lot {
  readonly id: number
  left: number
  pinned: number
  ended: boolean
  readonly endsAtMs: number | null
  readonly silence: Inactivity | null
  readonly order: string | null
}

export interface Hold {
  readonly id: string
  readonly seq: number
  readonly points: number
  readonly pins: readonly (readonly [number, number])[]
  readonly endsAtMs: number
  state: 'open' | 'captured' | 'released'
}

export interface Pending {
  readonly seq: number
  readonly order: string
  points: number
  readonly activatesAtMs: number
  readonly terms: LotTerms
  readonly externalId: string
}

/** What one merge_out carried. */
export interface Parcel {
  readonly number: number
  readonly lots: readonly MovedLot[]
  readonly debt: number
  readonly mergedFrom: readonly string[]
  readonly lastActivityAtMs: number
}

/** What one entry meant for its order. */
export interface OrderLine {
  readonly seq: number
  readonly order: string
  /** Points that it gave, or, below 0, took back; pending ones too. */
  readonly points: number
  readonly kind: 'earn' | 'take'
  readonly rule?: FrozenRule
  readonly terms?: LotTerms
  readonly goods?: number
  /** Of points that wait: until then. */
  readonly activatesAtMs?: number
  readonly refundGoods?: number
  readonly cancels?: boolean
  readonly editedAtMs?: number
}

export interface Details {
  readonly type: EntryType
  readonly points: number
  readonly moves?: readonly (readonly [number, number])[]
  readonly debt?: number
  readonly pending?: number
  readonly lot?: Omit<Lot, 'id' | 'left' | 'pinned' | 'ended'> & { readonly points: number }
  readonly order?: Omit<OrderLine, 'seq'>
  readonly refersTo?: number
  /** merge_in: when the other customer was last active. */
  readonly activeAtMs?: number
  readonly paidDebt?: number
  readonly madeDebt?: number
  readonly holds?: Omit<Hold, 'seq' | 'state'>
  readonly ends?: Hold
  readonly opens?: Omit<Pending, 'externalId'>
}

export interface Line extends ModelEntry, Pick<Details, 'debt' | 'order' | 'refersTo' | 'paidDebt' | 'madeDebt'> {
  /** What two sendings of the command must agree on. */
  readonly facts: string
}

const ACTIVITY: ReadonlySet<EntryType> = new Set(['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'])

export class Refused extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode) {
    super(code)
    this.code = code
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** The books of one account, and what an entry does to them. */
export class Books {
  readonly id: string
  lines: Line[] = []
  lots: Lot[] = []
  holds: Hold[] = []
  pendings: Pending[] = []
  /** What each merge_out carried, in their order. */
  parcels: Parcel[] = []
  mergedInto: string | null = null
  mergedFrom: readonly string[] = []
  /** When what is being booked is booked. */
  atMs = 0
  lastActivityAtMs = 0

  constructor(id: string) {
    this.id = id
  }

  get debt(): number {
    return sum(this.lines.map((line) => line.debt ?? 0))
  }

  booked(externalId: string): Line | undefined {
    return this.lines.find((line) => line.externalId === externalId)
  }

  endOf({ endsAtMs, silence }: Lot): number | null {
    const quietFromMs = Math.max(this.lastActivityAtMs, silence?.fromMs ?? 0)
    const silentMs =
      this.mergedInto === null && silence ? endAfterDaysMs(quietFromMs, silence.days, silence.timeZone) : null
    const ends = [endsAtMs, silentMs].filter((end) => end !== null)
    return ends.length === 0 ? null : Math.min(...ends)
  }

  free(): number {
    return sum(this.lots.map((lot) => lot.left - lot.pinned))
  }

  /** By expiry, then by age; those for which `own` says so before all others. */
  take(points: number, own: (lot: Lot) => boolean = () => false) {
    const rank = (lot: Lot) => [own(lot) ? 0 : 1, lot.endsAtMs ?? Number.MAX_SAFE_INTEGER, lot.id] as const
    const order = this.lots.toSorted((a, b) => {
      const [left, right] = [rank(a), rank(b)]
      return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
    })
    const moves: [number, number][] = []
    let uncovered = points
    for (const lot of order) {
      const taken = Math.min(uncovered, lot.left - lot.pinned)
      if (taken > 0) moves.push([lot.id, -taken])
      uncovered -= taken
    }
    return { moves, uncovered }
  }

  book(externalId: string, facts: string, details: Details): void {
    const {
      type,
      points,
      moves = [],
      lot,
      holds,
      ends,
      opens,
      pending = 0,
      refersTo,
      activeAtMs = 0,
      ...rest
    } = details
    const seq = this.lines.length + 1
    const pins = type === 'hold' || type === 'release'
    if (ends) ends.state = type === 'capture' ? 'captured' : 'released'
    if (ends && type === 'capture') for (const [id, pinned] of ends.pins) this.lotOf(id).pinned -= pinned
    for (const [id, moved] of moves) {
      if (pins) this.lotOf(id).pinned -= moved
      else this.lotOf(id).left += moved
    }
    if (lot) this.lots.push({ ...lot, id: seq, left: lot.points, pinned: 0, ended: false })
    if (holds) this.holds.push({ ...holds, seq, state: 'open' })
    if (opens) this.pendings.push({ ...opens, externalId })
    else if (pending < 0) this.endPending(refersTo ?? 0, -pending)
    this.lastActivityAtMs = Math.max(this.lastActivityAtMs, ACTIVITY.has(type) ? this.atMs : activeAtMs)
    const opened = lot ? [[seq, lot.points] as const] : []
    const tied = refersTo === undefined ? {} : { refersTo }
    this.lines.push({
      seq,
      type,
      points: points + 0,
      externalId,
      facts,
      moves: [...moves, ...opened],
      ...tied,
      ...rest,
    })
  }

  lotOf(id: number): Lot {
    const lot = this.lots.find((one) => one.id === id)
    if (lot === undefined) throw new Error(`there is no lot ${id}`)
    return lot
  }

  endPending(seq: number, points: number): void {
    const at = this.pendings.findIndex((one) => one.seq === seq)
    const pending = this.pendings[at]
    if (pending === undefined) throw new Error(`nothing pends from entry ${seq}`)
    pending.points -= points
    if (pending.points === 0) this.pendings.splice(at, 1)
  }

  copy(): Books {
    const { lines, lots, holds, pendings, parcels, mergedInto, mergedFrom, atMs, lastActivityAtMs } = this
    const own = structuredClone({ lots, holds, pendings })
    const rest = { lines: [...lines], parcels: [...parcels], mergedInto, mergedFrom, atMs, lastActivityAtMs }
    return Object.assign(new Books(this.id), own, rest)
  }
}
