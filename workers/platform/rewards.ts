import { z } from 'zod'
import type { JobMessage } from '../../domain/contracts/jobs.ts'
import { RewardConditions, RewardInput, RewardValue } from '../../domain/contracts/rewards.ts'
import type { RewardTerms, StoredReward } from '../../domain/rewards/types.ts'
import { open, seal, type SealedPlace } from './crypto.ts'
import { IsolateCache } from './isolate-cache.ts'

/** Rewards as D1 `CONTROL.rewards` keeps them. Their operations are in `workers/services/rewards`. */

/** The most rewards a shop may have beside its archived ones. A list of them is one read. */
export const MAX_REWARDS = 100

const Terms = z
  .array(z.object({ number: z.int(), value: RewardValue, conditions: RewardConditions }))
  .transform((terms, context): StoredReward['terms'] => {
    const [first, ...rest]: readonly RewardTerms[] = terms
    if (first !== undefined) return [first, ...rest]
    context.addIssue({ code: 'custom', message: 'must not be empty' })
    return z.NEVER
  })

const json = z.string().transform((text): unknown => JSON.parse(text))

const RewardRow = z
  .object({
    merchant_id: z.uuid(),
    id: z.uuid(),
    version: z.int(),
    status: z.enum(['draft', 'active', 'archived']),
    body: json.pipe(RewardInput),
    terms: json.pipe(Terms),
    code_key_sealed: z.string(),
    discount_gid: z.string().nullable(),
    discount_state: z.enum(['waiting', 'ready', 'failed']),
    discount_problem: z.string().nullable(),
    synced_version: z.int(),
    created_at_ms: z.int(),
    updated_at_ms: z.int(),
  })
  .transform((row): StoredReward => ({
    id: row.id,
    merchantId: row.merchant_id,
    version: row.version,
    status: row.status,
    input: row.body,
    terms: row.terms,
    codeKeySealed: row.code_key_sealed,
    discountGid: row.discount_gid,
    discountState: row.discount_state,
    discountProblem: row.discount_problem,
    syncedVersion: row.synced_version,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  }))

const COLUMNS = `merchant_id, id, version, status, body, terms, code_key_sealed, discount_gid, discount_state,
  discount_problem, synced_version, created_at_ms, updated_at_ms`

const COPY_LIFE = { lifeMs: 1_000, capacity: 10_000 }
const rewardCopies = new IsolateCache<StoredReward>(COPY_LIFE)
const activeCopies = new IsolateCache<readonly StoredReward[]>({ ...COPY_LIFE, capacity: 1_000 })

/** A reward straight from D1, archived or not; undefined where the shop has none of this id. */
export async function readReward(env: Env, merchantId: string, id: string): Promise<StoredReward | undefined> {
  const row = await env.CONTROL.prepare(`SELECT ${COLUMNS} FROM rewards WHERE merchant_id = ?1 AND id = ?2`)
    .bind(merchantId, id)
    .first()
  return row === null ? undefined : RewardRow.parse(row)
}

/** A reward for redeeming: a copy that lives in the isolate for at most a second, as those of the settings (ADR 0008). */
export function rewardForRedeeming(env: Env, merchantId: string, id: string): Promise<StoredReward | undefined> {
  return rewardCopies.get(`${merchantId}:${id}`, () => readReward(env, merchantId, id))
}

/** What shoppers see: the active rewards in their order. A copy that lives in the isolate for at most a second. */
export async function activeRewards(env: Env, merchantId: string): Promise<readonly StoredReward[]> {
  const rewards = await activeCopies.get(merchantId, () =>
    readRewards(env, merchantId, { status: 'active', after: null, limit: MAX_REWARDS }),
  )
  return rewards ?? []
}

/** To be called by whoever changed a reward, so that this isolate goes by it at once. */
export function forgetReward(merchantId: string, id: string): void {
  rewardCopies.forget(`${merchantId}:${id}`)
  activeCopies.forget(merchantId)
}

/** Where a page of rewards ended. */
export interface RewardPlace {
  readonly position: number
  readonly createdAtMs: number
  readonly id: string
}

/** The place of a reward in lists. */
export function placeOf({ input, createdAtMs, id }: StoredReward): RewardPlace {
  return { position: input.position, createdAtMs, id }
}

/** Rewards straight from D1, by position, then oldest first. Without a `status` all but the archived ones. */
export async function readRewards(
  env: Env,
  merchantId: string,
  page: {
    readonly status: StoredReward['status'] | null
    readonly after: RewardPlace | null
    readonly limit: number
  },
): Promise<readonly StoredReward[]> {
  const { results } = await env.CONTROL.prepare(
    `SELECT ${COLUMNS} FROM rewards
     WHERE merchant_id = ?1 AND CASE WHEN ?2 IS NULL THEN status <> 'archived' ELSE status = ?2 END
       AND (?3 IS NULL OR (position, created_at_ms, id) > (?3, ?4, ?5))
     ORDER BY position, created_at_ms, id LIMIT ?6`,
  )
    .bind(
      merchantId,
      page.status,
      page.after?.position ?? null,
      page.after?.createdAtMs ?? null,
      page.after?.id ?? null,
      page.limit,
    )
    .all()
  return z.array(RewardRow).parse(results)
}

function keyPlace(merchantId: string, id: string): SealedPlace {
  return { merchantId, column: 'rewards.code_key_sealed', row: id }
}

/** A new key for the signatures of a reward's codes, sealed for its row. */
export async function newCodeKey(env: Env, merchantId: string, id: string): Promise<string> {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
  return seal(env, keyPlace(merchantId, id), key)
}

/** The key of the signatures of a reward's codes: base64 of 32 bytes. */
export function openCodeKey(env: Env, { merchantId, id, codeKeySealed }: StoredReward): Promise<string> {
  return open(env, keyPlace(merchantId, id), codeKeySealed)
}

/** The job that ends the issued redemptions of a discount that is not in the shop any more. */
export function endJob(merchantId: string, rewardId: string, discountGid: string): JobMessage {
  return {
    job: 'end_redemptions',
    merchant_id: merchantId,
    reward_id: rewardId,
    discount_gid: discountGid,
    after: null,
  }
}

/** The job that makes the discount of a reward say what the reward says. */
export function syncJob(merchantId: string, rewardId: string): JobMessage {
  return { job: 'sync_reward', merchant_id: merchantId, reward_id: rewardId }
}
