import { createHash } from 'node:crypto'

/** Reproducible chance: the same seed gives the same numbers everywhere. sfc32 (Chris Doty-Humphrey's small fast chaotic). */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    const words = createHash('sha256').update(seed).digest()
    this.#a = words.readInt32LE(0)
    this.#b = words.readInt32LE(4)
    this.#c = words.readInt32LE(8)
  }

  /** 0 ≤ number < 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** low ≤ integer ≤ high. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.int(0, choices.length - 1)] ?? choices[0]
  }

  /** One of the names, each as likely as its weight. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights).filter((name): name is Name => Object.hasOwn(weights, name))
    let rest = this.next() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      rest -= weights[name]
      if (rest < 0) return name
    }
    const [last] = names.slice(-1)
    if (last === undefined) throw new Error('there is nothing to choose from')
    return last
  }

  shuffled<T>(items: readonly T[]): T[] {
    const mixed = [...items]
    for (let index = mixed.length - 1; index > 0; index -= 1) {
      const other = this.int(0, index)
      const [a, b] = [mixed[index], mixed[other]]
      if (a === undefined || b === undefined) continue
      mixed[index] = b
      mixed[other] = a
    }
    return mixed
  }
}
