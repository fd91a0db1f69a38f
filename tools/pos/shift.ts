import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { TillQueue } from '../../web/extensions/pos/till/queue.ts'
import { TillSync } from '../../web/extensions/pos/till/sync.ts'
import { fileKeys, fileStorage } from './files.ts'

/**
 * A till at work until somebody kills it: sells, hands out reserved codes, syncs in the background. Each line that it
 * writes is a {@link ShiftLine}; what it says is recorded was on disk before. For tests.
 */

const Options = z.object({
  dir: z.string(),
  origin: z.url(),
  /** Comma-separated. */
  customers: z.string().transform((text) => text.split(',')),
  reward: z.string(),
  currency: z.string(),
  /** How wrong the till's clock is. */
  'clock-off-ms': z.coerce.number(),
  /** Pauses and timeouts are so many times shorter. */
  haste: z.coerce.number(),
})

/** `meant` before it is recorded, `recorded` after. */
export const ShiftLine = z.object({
  what: z.enum(['meant', 'recorded']),
  op_id: z.string(),
  customer: z.string(),
  /** Of a sale, in whole units of the currency. */
  amount: z.int().nullable(),
  /** Of a redemption. */
  code: z.string().nullable(),
})
export type ShiftLine = z.infer<typeof ShiftLine>

function say(line: ShiftLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function work(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      origin: { type: 'string' },
      customers: { type: 'string' },
      reward: { type: 'string' },
      currency: { type: 'string' },
      'clock-off-ms': { type: 'string' },
      haste: { type: 'string' },
    },
  })
  const { dir, origin, customers, reward, currency, haste, ...rest } = Options.parse(values)
  const now = () => Date.now() + rest['clock-off-ms']
  const { privateKey } = await fileKeys(dir)
  const queue = new TillQueue({ storage: fileStorage(dir), now, newId: randomUUID })
  const sync = new TillSync({
    queue,
    subtle: crypto.subtle,
    privateKey,
    origin,
    fetch,
    now,
    later: (act, ms) => {
      const timer = setTimeout(act, ms / haste)
      return () => clearTimeout(timer)
    },
  })
  sync.wake()
  for (let number = 1; ; number++) {
    const opId = randomUUID()
    const customer = customers[randomInt(customers.length)] ?? ''
    if (number % 20 === 0) void sync.restock(reward, 5)
    if (number % 4 === 0) {
      const meant = { op_id: opId, customer, amount: null, code: null }
      say({ what: 'meant', ...meant })
      const code = await queue.redeem({ opId, customerId: customer, rewardId: reward })
      if (code !== null) say({ what: 'recorded', ...meant, code: code.code })
    } else {
      const meant = { op_id: opId, customer, amount: randomInt(1, 200), code: null }
      say({ what: 'meant', ...meant })
      await queue.earn({ opId, customerId: customer, amount: `${meant.amount}.00`, currency })
      say({ what: 'recorded', ...meant })
    }
    sync.wake()
    await delay(randomInt(8))
  }
}

if (import.meta.main) await work()
