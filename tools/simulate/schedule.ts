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
    const heap = this.#heap
    const rising = heap[from]
    if (rising === undefined) return
    let index = from
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || !isEarlier(rising, parent)) break
      heap[index] = parent
      heap[parentIndex] = rising
      index = parentIndex
    }
  }

  #sink(): void {
    const heap = this.#heap
    const [sinking] = heap
    if (sinking === undefined) return
    let index = 0
    for (;;) {
      const leftIndex = 2 * index + 1
      const left = heap[leftIndex]
      const right = heap[leftIndex + 1]
      if (left === undefined) return
      const [child, childIndex] =
        right !== undefined && isEarlier(right, left) ? [right, leftIndex + 1] : [left, leftIndex]
      if (!isEarlier(child, sinking)) return
      heap[index] = child
      heap[childIndex] = sinking
      index = childIndex
    }
  }
}

function isEarlier(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
