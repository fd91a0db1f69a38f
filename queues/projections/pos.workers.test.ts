import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { PosEvent } from '../../domain/contracts/events.ts'
import type { PosRecord } from '../../domain/contracts/pos.ts'
import { toPosEvent } from '../../domain/pos/outcome.ts'
import { shuffled } from '../../durable-objects/pos-device/samples.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { projectPosItems } from './pos.ts'

const deviceId = crypto.randomUUID()

function recordOf(record: number, version: number): PosRecord {
  const isDecided = version > 1
  return {
    id: `${deviceId}:op-${String(record).padStart(8, '0')}`,
    device_id: deviceId,
    record,
    op_id: `op-${String(record).padStart(8, '0')}`,
    device_seq: record,
    kind: 'earn',
    customer_id: crypto.randomUUID(),
    amount: '10',
    currency: 'USD',
    code: null,
    receipt: 'Bon “№ 7”',
    result: 'rejected',
    reason: 'currency_mismatch',
    detail: null,
    points: 0,
    overdraft_points: 0,
    clock_flag: 'ok',
    device_at: '2026-08-01T12:00:00.000Z',
    effective_at: '2026-08-01T12:00:00.000Z',
    received_at: '2026-08-01T12:00:00.000Z',
    task: isDecided ? 'dismissed' : 'open',
    decided_at: isDecided ? '2026-08-02T12:00:00.000Z' : null,
    decided_by: isDecided ? 'api_key:1' : null,
    note: isDecided ? `version ${version}` : null,
    version,
  }
}

describe('pos_offline_queue', () => {
  it('has the newest version of each record, in whatever order and how often the events come', async () => {
    const merchantId = crypto.randomUUID()
    const newest = [recordOf(1, 3), recordOf(2, 1), recordOf(3, 2)]
    const all = newest.flatMap((record) =>
      Array.from({ length: record.version }, (_, index) => ({
        ...recordOf(record.record, index + 1),
        customer_id: record.customer_id,
      })),
    )
    const events = all.map((record): PosEvent => toPosEvent(merchantId, record, Date.now()))
    const arrivals = [1, 2, 3].flatMap((seed) =>
      shuffled([...events, ...newest.map((record) => toPosEvent(merchantId, record, 0))], seed),
    )
    for (let start = 0; start < arrivals.length; start += 4) {
      await neonBatch(env, merchantId, projectPosItems(arrivals.slice(start, start + 4)))
    }
    const [rows = []] = await neonBatch(env, merchantId, [
      sql`select body, task, version from pos_offline_queue order by record`,
    ])
    expect(rows).toEqual(
      newest.map((body) => ({
        body: expect.objectContaining({ id: body.id, note: body.note }),
        task: body.task,
        version: body.version,
      })),
    )
  })

  it('is nothing where nothing came', () => {
    expect(projectPosItems([])).toEqual([])
  })
})
