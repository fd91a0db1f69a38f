import type { PosEvent } from '../../domain/contracts/events.ts'
import type { PosRow } from '../../migrations/postgres/schema.ts'
import { sql, type Statement } from '../../workers/platform/neon.ts'

/** What tills sent, as their objects recorded it: `pos_offline_queue`. A record is as new as its version. */
export function projectPosItems(events: readonly PosEvent[]): Statement[] {
  const rows = new Map<string, PosRow>()
  for (const { merchant_id, data } of events) {
    if (data.version < (rows.get(data.id)?.version ?? 0)) continue
    const { id, device_id, record, op_id, device_seq, kind, customer_id, result, task, received_at, version } = data
    rows.set(id, {
      merchant_id,
      id,
      device_id,
      record,
      op_id,
      device_seq,
      kind,
      customer_id,
      result,
      task,
      received_at,
      version,
      body: data,
    })
  }
  if (rows.size === 0) return []
  // In the order of their ids, so that two batches at once lock rows in the same order.
  const inOrder = [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return [
    sql`insert into pos_offline_queue
      select * from jsonb_populate_recordset(null::pos_offline_queue, ${JSON.stringify(inOrder)}::jsonb)
      on conflict (merchant_id, id) do update set
        result = excluded.result, task = excluded.task, customer_id = excluded.customer_id,
        version = excluded.version, body = excluded.body
      where pos_offline_queue.version < excluded.version`,
  ]
}
