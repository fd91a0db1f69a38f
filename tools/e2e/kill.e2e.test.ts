import { randomInt, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { ProjectionComparison } from '../../domain/contracts/operations/admin-core.ts'
import type { LocalInfo } from '../local/info.ts'
import { apiOf } from '../testing/api.ts'
import { killWorkerd, type SpawnedStack, spawnStack, stateFolder } from '../testing/stack.ts'

/**
 * workerd is killed with SIGKILL while many clients write; the stack starts again on the same state. Each write that was
 * acknowledged must be there exactly once, its replay must answer the same bytes, and the outbox must drain.
 */

const dir = stateFolder()
const CUSTOMERS = Array.from({ length: 8 }, () => String(randomInt(1_000_000, 9_999_999)))
const CLIENTS = 16

interface Write {
  readonly customer: string
  readonly key: string
  readonly activity: string
  /** The answer's exact text, once it came. */
  acknowledged?: string
}

let stack: SpawnedStack | undefined
afterAll(async () => {
  await stack?.stop()
  rmSync(dir, { recursive: true, force: true })
})

function earn(info: LocalInfo, { customer, key, activity }: Write): Promise<Response> {
  const body = { customer_id: customer, points: 3, activity_id: activity }
  return apiOf(info).call('POST', '/v1/api/points/earn', body, { 'idempotency-key': key })
}

/** Writes without pause until workerd is gone. */
async function client(info: LocalInfo, writes: Write[]): Promise<void> {
  for (;;) {
    const write: Write = {
      customer: CUSTOMERS[randomInt(CUSTOMERS.length)] ?? '1',
      key: randomUUID(),
      activity: randomUUID(),
    }
    writes.push(write)
    try {
      const response = await earn(info, write)
      const text = await response.text()
      if (response.status === 200) write.acknowledged = text
    } catch {
      return
    }
  }
}

test.skipIf(process.platform !== 'linux')(
  'every acknowledged write survives SIGKILL of workerd, exactly once',
  { timeout: 120_000 },
  async () => {
    const writes: Write[] = []
    for (let round = 0; round < 2; round++) {
      stack = await spawnStack(dir)
      const { info } = stack
      const clients = Array.from({ length: CLIENTS }, () => client(info, writes))
      await delay(1500 + randomInt(1000))
      killWorkerd(info)
      await Promise.all(clients)
      expect(await stack.ended).toBe(1)
    }
    stack = await spawnStack(dir)
    const { info } = stack
    const acknowledged = writes.filter((write) => write.acknowledged !== undefined)
    expect(acknowledged.length).toBeGreaterThan(50)

    const replays = await Promise.all(acknowledged.slice(-200).map((write) => earn(info, write)))
    for (const [at, replay] of replays.entries()) {
      expect(replay.headers.get('idempotency-replayed')).toBe('true')
      expect(await replay.text()).toBe(acknowledged.slice(-200)[at]?.acknowledged)
    }

    const booked = new Map<string, number>()
    for (const customer of CUSTOMERS) {
      for (const externalId of await externalIdsOf(info, customer))
        booked.set(externalId, (booked.get(externalId) ?? 0) + 1)
    }
    for (const { activity } of acknowledged) expect(booked.get(`activity:${activity}`)).toBe(1)
    expect([...booked.values()].every((count) => count === 1)).toBe(true)

    expect(await differencesAtLast(info)).toEqual([])
  },
)

/** All business ids in a customer's ledger, page by page. */
async function externalIdsOf(info: LocalInfo, customer: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor = ''; ;) {
    const page = await apiOf(info).transactionsPage(customer, cursor)
    ids.push(...page.transactions.map(({ external_id: id }) => id))
    if (page.next_cursor === null) return ids
    cursor = page.next_cursor
  }
}

/** Waits until the projections equal the ledgers: everything in the outboxes was sent and arrived. */
async function differencesAtLast(info: LocalInfo): Promise<unknown[]> {
  for (let tries = 0; ; tries++) {
    const response = await apiOf(info).call('POST', '/admin/v1/projections/compare', { limit: 100 })
    const { customers, in_flight: inFlight, differences } = ProjectionComparison.parse(await response.json())
    const settled = customers >= CUSTOMERS.length && inFlight === 0 && differences.length === 0
    if (settled || tries === 40) return differences
    await delay(500)
  }
}
