import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { consume } from '../consume.ts'
import { deadLetters, markReplayed, deadLetter } from '../../workers/services/admin-core/repository.ts'

/**
 * The queues at their worst, which local ones never are: messages shuffled, repeated, in batches of any size, while
 * Postgres, D1, objects and queues fail in the middle of them, before or after they did their work; then outages that last
 * until messages are given up on; then quiet, and a replay of the dead letters. All of it follows from a seed.
 */

export type QueueKind = 'webhooks' | 'events' | 'jobs'

/** How often, of 1, a call fails. Half of those that fail have done their work before. */
export interface Faults {
  readonly postgres: number
  readonly d1: number
  readonly objects: number
  readonly sends: number
  /** An acknowledged message comes again all the same. */
  readonly acks: number
}

export const QUIET: Faults = { postgres: 0, d1: 0, objects: 0, sends: 0, acks: 0 }
export const STORM: Faults = { postgres: 0.15, d1: 0.1, objects: 0.1, sends: 0.1, acks: 0.6 }
/** What can be gone for longer than a message is tried. */
export type Outage = 'postgres' | 'd1' | 'objects' | 'sends'
const OUTAGES: readonly Outage[] = ['postgres', 'd1', 'objects', 'sends']
const NOTHING_WORKS: Faults = { postgres: 1, d1: 1, objects: 1, sends: 1, acks: 0 }
const DELIVERIES_AN_OUTAGE = 16

/** Fewer than in wrangler.toml, so that an outage outlasts them. */
const MAX_ATTEMPTS = 6
const BATCH = 12

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Waiting {
  readonly id: string
  readonly body: unknown
  readonly attempts: number
}

/** What happened, so that a test can show that something did. */
export interface Counts {
  deliveries: number
  injected: number
  retried: number
  ackedTwice: number
  buried: number
  replayed: number
}

export class DisorderedQueues {
  readonly counts: Counts = { deliveries: 0, injected: 0, retried: 0, ackedTwice: 0, buried: 0, replayed: 0 }
  readonly #random: () => number
  readonly #pools: Record<QueueKind, Waiting[]> = { webhooks: [], events: [], jobs: [] }
  readonly #dead: Record<QueueKind, unknown[]> = { webhooks: [], events: [], jobs: [] }
  #lastId = 0

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  /** Puts a message on its queue, `copies` times. */
  put(queue: QueueKind, body: unknown, copies = 1): void {
    for (let copy = 0; copy < copies; copy++) {
      this.#pools[queue].push({ id: `message-${++this.#lastId}`, body: structuredClone(body), attempts: 1 })
    }
  }

  /** Each message once to three times. */
  putSome(queue: QueueKind, bodies: readonly unknown[]): void {
    for (const body of bodies) this.put(queue, body, 1 + Math.floor(this.#random() * 3))
  }

  /** The bindings of whoever else puts messages on these queues. Nothing fails. */
  get env(): Env {
    return this.#faulty(QUIET)
  }

  /** So many deliveries under these faults. */
  async deliver(times: number, faults: Faults): Promise<void> {
    for (let time = 0; time < times && this.#waiting() > 0; time++) await this.#deliverOne(faults)
  }

  /** One thing after the other is gone, then everything. What waits after that is dead or about to be. */
  async outages(first: Outage): Promise<void> {
    for (const gone of [first, ...OUTAGES.filter((one) => one !== first)]) {
      await this.deliver(DELIVERIES_AN_OUTAGE, { ...QUIET, [gone]: 1 })
    }
    await this.deliver(DELIVERIES_AN_OUTAGE, NOTHING_WORKS)
  }

  /** Delivers until no message waits: all are applied, or dead. */
  async untilQuiet(faults: Faults = QUIET): Promise<void> {
    while (this.#waiting() > 0) await this.#deliverOne(faults)
  }

  /** Brings the dead letters to where they rest. */
  async bury(faults: Faults = STORM): Promise<void> {
    for (const [queue, bodies] of Object.entries(this.#dead)) {
      // The same id again where an acknowledgement got lost: one letter, not two.
      const letters = bodies.splice(0).map((body) => ({ id: `letter-${crypto.randomUUID()}`, body, attempts: 1 }))
      this.counts.buried += letters.length
      for (let round = 0; letters.length > 0; round++) {
        const batch = this.#pick(letters)
        const settled = await this.#hand(`loyalnest-${queue}-dlq`, batch, round < 20 ? faults : QUIET)
        letters.push(...batch.filter(({ id }) => this.#isAgain(settled, id, round < 20 ? faults : QUIET)))
      }
    }
  }

  /** Puts the merchant's dead letters back, as an operator does. Answers what they were, and why they died. */
  async replay(merchantId: string): Promise<string[]> {
    const page = await deadLetters(env, merchantId, { limit: 1000, state: 'waiting' })
    const letters = page?.dead_letters ?? []
    for (const letter of letters) {
      const stored = await deadLetter(env, merchantId, letter.id)
      if (stored === undefined) throw new Error('a dead letter is gone')
      this.put(stored.queue, stored.body)
      await markReplayed(env, merchantId, letter, Date.now())
      this.counts.replayed++
    }
    return letters.map(({ summary, reason }) => `${summary}: ${reason}`)
  }

  #waiting(): number {
    return Object.values(this.#pools).reduce((sum, pool) => sum + pool.length, 0)
  }

  async #deliverOne(faults: Faults): Promise<void> {
    const queues = (['webhooks', 'events', 'jobs'] as const).filter((queue) => this.#pools[queue].length > 0)
    const queue = queues[Math.floor(this.#random() * queues.length)]
    if (queue === undefined) return
    const pool = this.#pools[queue]
    const batch = this.#pick(pool)
    const settled = await this.#hand(`loyalnest-${queue}`, batch, faults)
    this.counts.deliveries++
    // Whoever waits for somebody else's lease, waits. A real queue waits longer.
    if (faults === QUIET && settled.retried.size > 0) await new Promise((resolve) => setTimeout(resolve, 150))
    for (const one of batch) {
      const isRetried = settled.retried.has(one.id)
      if (isRetried) this.counts.retried++
      if (isRetried && one.attempts >= MAX_ATTEMPTS) this.#dead[queue].push(one.body)
      else if (isRetried) pool.push({ ...one, attempts: one.attempts + 1 })
      else if (this.#random() < faults.acks) {
        this.counts.ackedTwice++
        pool.push(one)
      }
    }
  }

  #isAgain(settled: Settled, id: string, faults: Faults): boolean {
    return settled.retried.has(id) || this.#random() < faults.acks
  }

  /** Takes a few out of the pool, anywhere. */
  #pick(pool: Waiting[]): Waiting[] {
    const count = 1 + Math.floor(this.#random() * Math.min(BATCH, pool.length))
    return Array.from({ length: Math.min(count, pool.length) }, () => {
      const [one] = pool.splice(Math.floor(this.#random() * pool.length), 1)
      if (one === undefined) throw new Error('the pool is empty')
      return one
    })
  }

  async #hand(queue: string, batch: readonly Waiting[], faults: Faults): Promise<Settled> {
    const messages = createMessageBatch(
      queue,
      batch.map(({ id, body, attempts }) => ({ id, timestamp: new Date(), attempts, body })),
    )
    const context = createExecutionContext()
    // A consumer that throws takes the good messages with the bad one.
    await consume(messages, this.#faulty(faults))
    const result = await getQueueResult(messages, context)
    const retried = new Set(result.retryMessages.map(({ msgId }) => msgId))
    const settled = [...result.explicitAcks, ...retried].toSorted().join(' ')
    if (
      settled !==
      batch
        .map(({ id }) => id)
        .toSorted()
        .join(' ')
    )
      throw new Error('not each message was settled, once')
    return { retried }
  }

  /** The bindings, of which each may fail, and whose queues are the pools. */
  #faulty(faults: Faults): Env {
    const strikes = (rate: number) => {
      const isStruck = this.#random() < rate
      if (isStruck) this.counts.injected++
      return isStruck
    }
    /** The call, or an error before or after it. */
    const strike = async <T>(rate: number, what: string, call: () => Promise<T>): Promise<T> => {
      if (!strikes(rate)) return call()
      if (rate < 1 && this.#random() < 0.5) await call()
      // Some of them are of the kind that callers try again at once.
      throw Object.assign(new Error(`${what}: injected`), { retryable: this.#random() < 0.1 })
    }
    const sender = (queue: QueueKind) => ({
      send: (body: unknown) => strike(faults.sends, `queue ${queue}`, async () => this.put(queue, body)),
      sendBatch: (messages: Iterable<{ body: unknown }>) =>
        strike(faults.sends, `queue ${queue}`, async () => {
          for (const { body } of messages) this.put(queue, body)
        }),
    })
    const bindings: Record<string, unknown> = {
      WEBHOOKS: sender('webhooks'),
      EVENTS: sender('events'),
      JOBS: sender('jobs'),
      CONTROL: faultyD1(env.CONTROL, (call) => strike(faults.d1, 'D1 control', call)),
      EVENT_LOG: faultyD1(env.EVENT_LOG, (call) => strike(faults.d1, 'D1 event log', call)),
      CUSTOMER_ACCOUNT: faultyObjects(env.CUSTOMER_ACCOUNT, (call) => strike(faults.objects, 'account', call)),
      MERCHANT_HUB: faultyObjects(env.MERCHANT_HUB, (call) => strike(faults.objects, 'hub', call)),
      POS_DEVICE: faultyObjects(env.POS_DEVICE, (call) => strike(faults.objects, 'device', call)),
    }
    return new Proxy(env, {
      get: (target, name): unknown => {
        // Read for each request: a host that there cannot be.
        if (name === 'NEON_PROXY' && strikes(faults.postgres)) return 'no such host'
        return typeof name === 'string' && name in bindings ? bindings[name] : Reflect.get(target, name)
      },
    })
  }
}

interface Settled {
  readonly retried: ReadonlySet<string>
}

type Strike = <T>(call: () => Promise<T>) => Promise<T>

/** A namespace whose objects fail now and then. */
function faultyObjects(namespace: { getByName(name: string): object }, strike: Strike) {
  return {
    getByName: (name: string) => {
      const stub = namespace.getByName(name)
      return new Proxy(stub, {
        get: (target, method): unknown => {
          const call: unknown = Reflect.get(target, method)
          // A stub looks like an object with every method; only real calls may fail.
          if (typeof call !== 'function' || typeof method !== 'string') return call
          return (...args: readonly unknown[]) => strike(async () => Reflect.apply(call, target, args))
        },
      })
    },
  }
}

const RUNS = new Set(['run', 'first', 'all', 'raw'])

/** A database whose statements fail now and then. */
function faultyD1(database: D1Database, strike: Strike) {
  const real = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): object => {
    const wrapped = new Proxy(statement, {
      get: (target, name): unknown => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        if (name === 'bind') return (...values: readonly unknown[]) => wrap(target.bind(...values))
        return typeof name === 'string' && RUNS.has(name)
          ? (...args: readonly unknown[]) => strike(async () => Reflect.apply(method, target, args))
          : method.bind(target)
      },
    })
    real.set(wrapped, statement)
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(database.prepare(query)),
    batch: (statements: readonly object[]) =>
      strike(() => {
        const known = statements.map((one) => real.get(one))
        return database.batch(known.filter((one) => one !== undefined))
      }),
  }
}
