import type { DeviceBooks, KnownCode, TakenItem } from '../../domain/pos/types.ts'

/**
 * Items that are booked together, and the books of the device with them. They come one after the other in the numbers of
 * the device, but their customers are asked at once, so no result may depend on which of two customers comes first. Only
 * the device's own limit could make it so: a segment ends where it might be reached.
 */
export class Segment implements DeviceBooks {
  readonly #books: DeviceBooks
  readonly #mostOfCustomer: number
  readonly #items: TakenItem[] = []
  readonly #opIds = new Set<string>()
  readonly #codes = new Set<string>()
  #numbers = 0
  /** The most that its redemptions may leave customers owing. */
  #atWorst = 0
  /** What the device may still let customers owe today. */
  readonly overdraftLeft: number

  constructor(books: DeviceBooks, overdraftLeft: number, mostOfCustomer: number) {
    this.#books = books
    this.overdraftLeft = overdraftLeft
    this.#mostOfCustomer = mostOfCustomer
  }

  get items(): readonly TakenItem[] {
    return this.#items
  }
  get nextDeviceSeq(): number {
    return this.#books.nextDeviceSeq + this.#numbers
  }
  hasOpId(opId: string): boolean {
    return this.#opIds.has(opId) || this.#books.hasOpId(opId)
  }
  code(code: string): KnownCode | undefined {
    const known = this.#books.code(code)
    return known && { ...known, isUsed: known.isUsed || this.#codes.has(code) }
  }

  /** Whether the item can be booked together with these. */
  fits(taken: TakenItem): boolean {
    const points = this.#worstOf(taken)
    return points === 0 || this.#atWorst === 0 || this.#atWorst + points <= this.overdraftLeft
  }

  add(taken: TakenItem): void {
    this.#items.push(taken)
    this.#atWorst += this.#worstOf(taken)
    if (taken.takesNumber) this.#numbers += 1
    const { op_id: opId, code } = taken.draft
    if (opId !== null) this.#opIds.add(opId)
    if (code !== null && taken.booking !== null) this.#codes.add(code)
  }

  /** With nothing left, nothing may be owed, whoever comes first. */
  #worstOf({ booking }: TakenItem): number {
    if (booking?.command.kind !== 'redeem' || this.overdraftLeft === 0) return 0
    return Math.min(booking.command.points, this.#mostOfCustomer)
  }
}
