import { z } from 'zod'
import { refuse } from '../../../domain/contracts/errors.ts'
import type { CustomerRef } from '../../../domain/contracts/ids.ts'
import { Redemption, type RedemptionsPage, type RedemptionsQuery } from '../../../domain/contracts/rewards.ts'
import { canonicalCode } from '../../../domain/rewards/code.ts'
import { toRedemption } from '../../../domain/rewards/public.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { leaseAndSettle } from '../../integrations/shopify/settle.ts'
import { callAccount, targetAccount, unknownCustomer } from '../../platform/account.ts'
import type { Answer, Caller, HandlerContext } from '../../platform/handler.ts'
import { neonBatch, sql } from '../../platform/neon.ts'
import { inTime } from './in-time.ts'
import { answerBy } from './redeem.ts'

/** What was redeemed: one customer's from the account, those of all from their copy in Postgres. */

type Query = z.output<typeof RedemptionsQuery>
type Page = z.input<typeof RedemptionsPage>

const UNKNOWN = refuse('not_found', 'This customer has no redemption of this id.')
const BAD_CURSOR = refuse('validation_failed', 'cursor must be the next_cursor of the page before.', '/cursor')

/** One page of redemptions, newest first. A shopper's are always the shopper's own. */
export async function listRedemptions({ env }: HandlerContext, caller: Caller, query: Query): Promise<Answer<Page>> {
  const isOfOne = query.customer_id !== undefined || caller.principal.kind !== 'api_key'
  if (!isOfOne) return storedPage(env, caller.shop.merchantId, null, query)
  const target = targetAccount(caller, query.customer_id)
  if (!target.ok) return target
  const { ref, mustExist } = target
  if (mustExist && (await callAccount(env, ref, (stub) => stub.balance(ref))) === null) return unknownCustomer()
  // The account finds codes one by one; a list of one is looked up where there is an index.
  return query.code === undefined
    ? accountPage(env, ref, query)
    : storedPage(env, ref.merchantId, ref.customerId, query)
}

async function accountPage(env: Env, ref: AccountRef, query: Query): Promise<Answer<Page>> {
  if (query.cursor !== undefined && !/^\d{1,15}$/.test(query.cursor)) return BAD_CURSOR
  const { redemptions, next } = await callAccount(env, ref, (stub) =>
    stub.redemptions(ref, {
      before: query.cursor ?? null,
      limit: query.limit,
      state: query.state ?? null,
      rewardId: query.reward_id?.toLowerCase() ?? null,
    }),
  )
  return { ok: true, body: { redemptions: redemptions.map(toRedemption), next_cursor: next } }
}

const StoredRows = z.array(z.object({ body: Redemption, cursor: z.string() }))

async function storedPage(
  env: Env,
  merchantId: string,
  customerId: string | null,
  { state, reward_id, code, cursor, limit }: Query,
): Promise<Answer<Page>> {
  const before = cursor === undefined ? null : readCursor(cursor)
  if (before === undefined) return BAD_CURSOR
  const [rows] = await neonBatch(env, merchantId, [
    sql`select body, (extract(epoch from redeemed_at) * 1000)::bigint || '.' || id as cursor
      from reward_redemptions
      where body is not null
        and (${customerId}::uuid is null or customer_id = ${customerId}::uuid)
        and (${state ?? null}::text is null or state = ${state ?? null}::text)
        and (${reward_id ?? null}::uuid is null or reward_id = ${reward_id ?? null}::uuid)
        and (${code ?? null}::text is null or code = ${code === undefined ? null : canonicalCode(code)}::text)
        and (${before?.atMs ?? null}::float8 is null
          or (redeemed_at, id) < (to_timestamp(${before?.atMs ?? null}::float8 / 1000), ${before?.id ?? null}::text))
      order by redeemed_at desc, id desc limit ${limit + 1}`,
  ])
  const found = StoredRows.parse(rows)
  const shown = found.slice(0, limit)
  return {
    ok: true,
    body: {
      redemptions: shown.map(({ body }) => body),
      next_cursor: found.length > shown.length ? (shown.at(-1)?.cursor ?? null) : null,
    },
  }
}

function readCursor(text: string): { readonly atMs: number; readonly id: string } | undefined {
  const [, atMs, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text) ?? []
  return atMs === undefined || id === undefined ? undefined : { atMs: Number(atMs), id }
}

/** One redemption, as of now. */
export async function readRedemption(
  { env }: HandlerContext,
  caller: Caller,
  id: string,
  named: CustomerRef | undefined,
): Promise<Answer<z.input<typeof Redemption>>> {
  const target = targetAccount(caller, named)
  if (!target.ok) return target
  const redemption = await callAccount(env, target.ref, (stub) => stub.redemption(target.ref, id))
  return redemption === null ? UNKNOWN : { ok: true, body: toRedemption(redemption) }
}

/** Begins the end of an unused code, and waits a moment for the shop to confirm it. */
export async function cancelRedemption(
  context: HandlerContext,
  caller: Caller,
  id: string,
  named: CustomerRef | undefined,
): Promise<Answer<z.input<typeof Redemption>>> {
  const { env, claim, requestId } = context
  const target = targetAccount(caller, named)
  if (!target.ok) return target
  const { ref } = target
  const reason = caller.principal.kind === 'api_key' ? 'by_merchant' : 'by_customer'
  const reply = await callAccount(env, ref, (stub) => stub.endRedemption(ref, id, reason, claim))
  if (!reply.ok) return reply.refusal
  const ended =
    reply.redemption.ending === null ? null : await inTime(leaseAndSettle(env, ref, id), answerBy(context), requestId)
  return { ok: true, body: toRedemption(ended ?? reply.redemption) }
}
