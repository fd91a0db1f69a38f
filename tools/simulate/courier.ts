import type { Simulation } from './simulation.ts'

const ANSWER_WITHIN_MS = 5_000

/** Brings a request there, in spite of everything: again until there is an answer, and sometimes also when there is one. */
export class Courier {
  readonly #simulation: Simulation

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  /**
   * @param deliver is given what takes the answer, and the number of the attempt
   * @param hear every answer that arrives, also of repeated requests
   */
  carry<T>(
    deliver: (answer: (value: T) => void, attempt: number) => void,
    hear: (value: T) => void,
    attempt = 1,
    request = { isAnswered: false },
  ): void {
    const { faults, random, schedule } = this.#simulation
    const arrive = () =>
      deliver((value) => {
        if (faults.strikes('answer lost')) return
        request.isAnswered = true
        hear(value)
      }, attempt)
    const late = faults.strikes('request late') ? random.int(1_000, 20_000) : random.int(1, 40)
    if (!faults.strikes('request lost')) schedule.in(late, arrive)
    if (faults.strikes('request doubled')) schedule.in(late + random.int(0, 3_000), arrive)
    const patience = faults.strikes('client gives up and tries again') ? random.int(1, 50) : ANSWER_WITHIN_MS
    schedule.in(patience, () => {
      if (!request.isAnswered) this.carry(deliver, hear, attempt + 1, request)
    })
  }
}
