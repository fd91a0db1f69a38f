import { createHash } from 'node:crypto'

/** What happened, as one hash: two runs of one seed that differ anywhere differ here. */
export class Trace {
  readonly #hash = createHash('sha256')

  note(line: string): void {
    this.#hash.update(line).update('\n')
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}
