import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Device } from '../../domain/contracts/pos.ts'
import { makeDeviceKeys, publicKeyOf } from '../../web/extensions/pos/till/device.ts'
import { TillQueue } from '../../web/extensions/pos/till/queue.ts'
import type { TillStorage } from '../../web/extensions/pos/till/storage.ts'
import { TillSync } from '../../web/extensions/pos/till/sync.ts'
import type { Random } from '../simulate/random.ts'
import { type Caller, freshId } from './client.ts'
import type { Journal } from './journal.ts'

/** Tills with the reference client: they sell, hand out codes, are switched off and on, and send whenever they can. */

const CODES = 20
/** Pauses of the client, which a run of minutes has no time for. */
const MOST_PAUSE_MS = 400

export class Till {
  readonly deviceId: string
  readonly #caller: Caller
  readonly #journal: Journal
  readonly #random: Random
  readonly #keys: CryptoKeyPair
  readonly #disk = new Map<string, string>()
  /** How far its clock is off. */
  readonly #offMs: number
  #queue: TillQueue
  #sync: TillSync

  private constructor(caller: Caller, journal: Journal, random: Random, deviceId: string, keys: CryptoKeyPair) {
    this.#caller = caller
    this.#journal = journal
    this.#random = random
    this.deviceId = deviceId
    this.#keys = keys
    this.#offMs = random.pick([0, 0, 90_000, -400_000, 31_536_000_000])
    this.#queue = this.#switchedOn()
    this.#sync = this.#sender()
  }

  /** A new till, registered by the merchant. */
  static async register(caller: Caller, journal: Journal, random: Random): Promise<Till> {
    const keys = await makeDeviceKeys(crypto.subtle)
    const body = { name: 'till', public_key: await publicKeyOf(crypto.subtle, keys) }
    const answer = await caller.write('/v1/api/devices', freshId(), body)
    const { id } = Device.parse(JSON.parse(answer.text))
    const till = new Till(caller, journal, random, id, keys)
    await till.#queue.register(id)
    return till
  }

  /** Sells until `isOver`. */
  async sell(
    customers: readonly [string, ...string[]],
    rewards: readonly string[],
    isOver: () => boolean,
  ): Promise<void> {
    while (!isOver()) {
      const customer = this.#random.pick(customers)
      const rewardId = rewards[this.#random.int(0, Math.max(0, rewards.length - 1))]
      if (this.#random.chance(0.7) || rewardId === undefined) await this.#sale(customer)
      else await this.#handOut(customer, rewardId)
      // It is switched off and on: only what its disk has is left.
      if (this.#random.chance(0.05)) this.#restart()
      this.#sync.wake()
      await delay(this.#random.int(20, 250))
    }
  }

  /** Sends until nothing is left to send. */
  async finish(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      await this.#sync.sync()
      if ((await this.#queue.summary()).queued === 0) break
      await delay(250)
    }
    this.#sync.stop()
  }

  async #sale(customerId: string): Promise<void> {
    const cents = this.#random.int(1, 9_000)
    const opId = randomUUID()
    this.#journal.write({ kind: 'sale', device: this.deviceId, opId, cents })
    await this.#queue.earn({ customerId, amount: (cents / 100).toFixed(2), currency: 'EUR', opId })
  }

  async #handOut(customerId: string, rewardId: string): Promise<void> {
    const opId = randomUUID()
    const code = await this.#queue.redeem({ customerId, rewardId, opId })
    if (code === null) await this.#sync.restock(rewardId, CODES)
    else this.#journal.write({ kind: 'handed out', device: this.deviceId, opId, points: code.points })
  }

  #restart(): void {
    this.#sync.stop()
    this.#queue = this.#switchedOn()
    this.#sync = this.#sender()
  }

  #switchedOn(): TillQueue {
    const storage: TillStorage = {
      get: async (key) => {
        const text = this.#disk.get(key)
        return text === undefined ? undefined : JSON.parse(text)
      },
      set: async (key, value) => void this.#disk.set(key, JSON.stringify(value)),
      delete: async (key) => this.#disk.delete(key),
    }
    return new TillQueue({ storage, now: () => Date.now() + this.#offMs })
  }

  #sender(): TillSync {
    return new TillSync({
      queue: this.#queue,
      subtle: crypto.subtle,
      privateKey: this.#keys.privateKey,
      origin: this.#caller.info.app,
      fetch: (url, request) => {
        this.#caller.traffic.requests += 1
        return fetch(url, request)
      },
      now: () => Date.now() + this.#offMs,
      later: (work, ms) => {
        const timer = setTimeout(work, ms === 30_000 ? 8_000 : Math.min(ms, MOST_PAUSE_MS))
        return () => clearTimeout(timer)
      },
    })
  }
}
