import type { Random } from './random.ts'

/** Everything that can go wrong, and how likely it is each time that it could. */
export const FAULTS = {
  'request lost': 0.08,
  'request late': 0.12,
  'request doubled': 0.08,
  'answer lost': 0.1,
  'client gives up and tries again': 0.05,
  'crash before commit': 0.04,
  'crash after commit': 0.04,
  'clock goes back': 0.03,
  'alarm lost': 0.05,
  'alarm rings twice': 0.06,
  'send refused': 0.06,
  'crash after send': 0.06,
  'call between accounts lost': 0.1,
  'answer between accounts lost': 0.1,
  'call between accounts doubled': 0.1,
  'crash after delivery': 0.1,
  'message doubled': 0.1,
  'message late': 0.15,
  'consumer fails': 0.05,
  'acknowledgement lost': 0.05,
  'database gone': 0.01,
} as const satisfies Readonly<Record<string, number>>

export type Fault = keyof typeof FAULTS

/** Decides which faults strike, and counts them. */
export class Faults {
  readonly counts = new Map<Fault, number>()
  readonly #random: Random
  readonly #without: ReadonlySet<Fault>
  #quiet = false

  constructor(random: Random, without: ReadonlySet<Fault>) {
    this.#random = random
    this.#without = without
  }

  /** From now on nothing goes wrong, and everything must come to its end. */
  stop(): void {
    this.#quiet = true
  }

  /** Draws also for a fault that is switched off, so that the rest of the run stays as it was. */
  strikes(fault: Fault): boolean {
    const drawn = this.#random.chance(FAULTS[fault])
    if (!drawn || this.#quiet || this.#without.has(fault)) return false
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
    return true
  }
}
