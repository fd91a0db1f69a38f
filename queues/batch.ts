import { z } from 'zod'

/** What the consumers share: settling messages one by one, waiting longer each time, and looking for the bad one. */

/** How a message ended. `outage`: may pass, so wait longer each time. `poisoned`: will never do, so give up soon. */
export type Settlement =
  | { readonly kind: 'done' }
  | { readonly kind: 'outage'; readonly reason: string }
  | { readonly kind: 'poisoned'; readonly reason: string }

export const DONE: Settlement = { kind: 'done' }

const FIRST_DELAY_S = 2
const MAX_DELAY_S = 900

/** A message's settlements may come from several steps: the worst one holds, and no news is good news. */
export class Settlements {
  readonly #byMessage = new Map<Message, Settlement>()

  /** Notes how one step ended for a message. */
  note(message: Message, settlement: Settlement): void {
    const before = this.#byMessage.get(message)
    if (before === undefined || rank(settlement) > rank(before)) this.#byMessage.set(message, settlement)
  }

  get(message: Message): Settlement {
    return this.#byMessage.get(message) ?? DONE
  }

  /** Messages that did not end well, and why. */
  failures(messages: readonly Message[]): { message: Message; reason: string }[] {
    return messages.flatMap((message) => {
      const settlement = this.get(message)
      return settlement.kind === 'done' ? [] : [{ message, reason: settlement.reason }]
    })
  }

  /** Acknowledges each message or asks for it again. */
  settle(messages: readonly Message[], random: () => number = Math.random): void {
    for (const message of messages) {
      const { kind } = this.get(message)
      if (kind === 'done') message.ack()
      else message.retry({ delaySeconds: kind === 'outage' ? retryDelayS(message.attempts, random) : 0 })
    }
  }
}

function rank({ kind }: Settlement): number {
  return kind === 'done' ? 0 : kind === 'outage' ? 1 : 2
}

/** Seconds until the next attempt: doubles with each, half of it by chance, so that messages do not return together. */
export function retryDelayS(attempts: number, random: () => number): number {
  const longest = Math.min(MAX_DELAY_S, FIRST_DELAY_S * 2 ** (attempts - 1))
  return Math.ceil(longest / 2 + (random() * longest) / 2)
}

/** An error in a sentence, for the log and the dead letter. Of a message that does not parse only where it is wrong. */
export function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    return `does not parse: ${error.issues.map(({ path, code }) => `${path.join('.')} ${code}`).join(', ')}`.slice(
      0,
      300,
    )
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.slice(0, 300)
}

/** Runs `work` on all items, at most `limit` at a time. `work` handles its own errors. */
export async function pooled<T>(items: Iterable<T>, limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: limit }, worker))
}

/**
 * Applies the items all at once; where the data is refused, halves, until the refused ones stand alone. So one bad
 * item costs about 2·log2(n) further calls and blocks nobody. An outage is not searched: it concerns all.
 * Answers with the error of each item that was not applied.
 */
export async function bisect<T>(
  items: readonly T[],
  apply: (items: readonly T[]) => Promise<void>,
  isRefusal: (error: unknown) => boolean,
): Promise<Map<T, unknown>> {
  if (items.length === 0) return new Map()
  try {
    await apply(items)
    return new Map()
  } catch (error) {
    if (items.length === 1 || !isRefusal(error)) return new Map(items.map((item) => [item, error]))
  }
  const middle = items.length >> 1
  const first = await bisect(items.slice(0, middle), apply, isRefusal)
  const second = await bisect(items.slice(middle), apply, isRefusal)
  return new Map([...first, ...second])
}
