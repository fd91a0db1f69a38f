import { createHash } from 'node:crypto'

/** Hashing many lines at once costs a fraction of hashing them one by one. */
const LINES_AT_ONCE = 500

/** What happened, as one hash: two runs of one seed that differ anywhere differ here. */
export class Trace {
  readonly #hash = createHash('sha256')
  #lines: string[] = []

  note(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length >= LINES_AT_ONCE) this.#flush()
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#lines.join('\n')).update('\n')
    this.#lines = []
  }
}
