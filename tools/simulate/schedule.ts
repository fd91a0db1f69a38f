/** Something that happens at a time of the simulation. */
interface Planned {
  readonly atMs: number
  /** Ties are settled by the order of planning, so that the run is the same each time. */
  readonly order: number
  readonly run: () => void
}

/** The simulation's only clock: a heap of what is planned. Nothing else moves time. */
export class Schedule {
  #nowMs: number
  #planned = 0
  readonly #heap: Planned[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get isEmpty(): boolean {
    return this.#heap.length === 0
  }

  in(delayMs: number, run: () => void): void {
    this.#heap.push({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned, run })
    this.#planned += 1
    this.#rise(this.#heap.length - 1)
  }

  /** Runs the next thing; false when there is none. */
  step(): boolean {
    const [next] = this.#heap
    if (next === undefined) return false
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    this.#nowMs = next.atMs
    next.run()
    return true
  }

  #rise(from: number): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfEarlier(index, parent)) return
      index = parent
    }
  }

  #sink(): void {
    let index = 0
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      const smaller = this.#isEarlier(right, left) ? right : left
      if (!this.#swapIfEarlier(smaller, index)) return
      index = smaller
    }
  }

  #isEarlier(index: number, than: number): boolean {
    const [a, b] = [this.#heap[index], this.#heap[than]]
    if (a === undefined || b === undefined) return false
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  #swapIfEarlier(index: number, than: number): boolean {
    if (!this.#isEarlier(index, than)) return false
    const [a, b] = [this.#heap[index], this.#heap[than]]
    if (a === undefined || b === undefined) return false
    this.#heap[index] = b
    this.#heap[than] = a
    return true
  }
}
