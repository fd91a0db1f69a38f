import { z } from 'zod'
import { PosRecord } from '../../../domain/contracts/pos.ts'
import { neonBatch, sql } from '../../platform/neon.ts'

/** What tills sent, as Postgres has it: a moment behind the devices' objects. */

export interface PosItemsQuery {
  readonly device_id?: string | undefined
  readonly task?: PosRecord['task'] | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Row = z.object({ body: PosRecord })

/** One page, newest first; undefined if the cursor is not one of ours. */
export async function posItems(
  env: Env,
  merchantId: string,
  query: PosItemsQuery,
): Promise<{ readonly items: PosRecord[]; readonly next_cursor: string | null } | undefined> {
  const before = query.cursor === undefined ? null : readCursor(query.cursor)
  if (before === undefined) return undefined
  const [rows = []] = await neonBatch(env, merchantId, [
    sql`select body from pos_offline_queue
      where merchant_id = ${merchantId}
        and (${query.device_id?.toLowerCase() ?? null}::uuid is null or device_id = ${query.device_id?.toLowerCase() ?? null}::uuid)
        and (${query.task ?? null}::text is null or task = ${query.task ?? null}::text)
        and (${before?.receivedAt ?? null}::timestamptz is null
          or (received_at, id) < (${before?.receivedAt ?? null}::timestamptz, ${before?.id ?? null}::text))
      order by received_at desc, id desc limit ${query.limit + 1}`,
  ])
  const found = z
    .array(Row)
    .parse(rows)
    .map(({ body }) => body)
  const items = found.slice(0, query.limit)
  const last = found.length > items.length ? items.at(-1) : undefined
  return { items, next_cursor: last === undefined ? null : `${last.received_at}_${last.id}` }
}

function readCursor(text: string) {
  const [, receivedAt, id] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,12}Z)_([0-9a-f-]{36}:\S{1,64})$/.exec(text) ?? []
  const isTime = receivedAt !== undefined && !Number.isNaN(Date.parse(receivedAt))
  return isTime && id !== undefined ? { receivedAt, id } : undefined
}
