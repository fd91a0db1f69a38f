import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { RewardInput } from '../../../domain/contracts/rewards.ts'
import { amountRefusal } from '../../../domain/rewards/quote.ts'
import { firstTerms, nextTerms } from '../../../domain/rewards/terms.ts'
import type { StoredReward } from '../../../domain/rewards/types.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { hasSameDiscount, isSynced } from '../../integrations/shopify/sync.ts'
import { isTaken, keepAnswer, type Stored, storedAnswer } from '../../platform/claims.ts'
import { forgetReward, MAX_REWARDS, newCodeKey, readReward } from '../../platform/rewards.ts'
import { rewardView } from './view.ts'

/** Who changes rewards, and under which key. */
export interface RewardWriter {
  readonly merchantId: string
  readonly currency: string
  /** `api_key:…` */
  readonly actor: string
  readonly claim: IdempotencyClaim
  readonly nowMs: number
}

/** A change that was made now, or the answer that the same request got before. */
export type Written = { readonly kind: 'written'; readonly reward: StoredReward } | Known
interface Known {
  readonly kind: 'known'
  readonly answer: Stored | Refusal
}

const UNKNOWN = refuse('not_found', 'The shop has no reward of this id.')

/** Stores a new reward; its discount waits. */
export async function createReward(env: Env, writer: RewardWriter, input: RewardInput): Promise<Written> {
  const known = await knownAnswer(env, writer)
  if (known) return known
  const wrong = amountRefusal(input, writer.currency)
  if (wrong) return refused(wrong)
  const { merchantId, nowMs } = writer
  const id = crypto.randomUUID()
  const reward: StoredReward = {
    id,
    merchantId,
    version: 1,
    status: input.status,
    input,
    terms: firstTerms(input),
    codeKeySealed: await newCodeKey(env, merchantId, id),
    discountGid: null,
    discountState: 'waiting',
    discountProblem: null,
    syncedVersion: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  }
  // The check on `version` refuses one reward too many, in the same statement that counts them.
  const insert = env.CONTROL.prepare(
    `INSERT INTO rewards (merchant_id, id, version, status, position, body, terms, code_key_sealed, discount_gid,
       discount_state, discount_problem, synced_version, created_at_ms, updated_at_ms, updated_by)
     SELECT ?1, ?2, (SELECT COUNT(*) < ?3 FROM rewards WHERE merchant_id = ?1 AND status <> 'archived'), ?4, ?5, ?6, ?7,
       ?8, NULL, 'waiting', NULL, 0, ?9, ?9, ?10`,
  ).bind(
    merchantId,
    id,
    MAX_REWARDS,
    reward.status,
    input.position,
    JSON.stringify(input),
    JSON.stringify(reward.terms),
    reward.codeKeySealed,
    nowMs,
    writer.actor,
  )
  const tooMany = refuse('reward_limit', `A shop has at most ${MAX_REWARDS} rewards. Archive one that is not needed.`)
  return write(env, writer, reward, insert, () => Promise.resolve(tooMany))
}

/** Replaces what a merchant sets about a reward. Its discount waits unless it says the same as before. */
export async function updateReward(
  env: Env,
  writer: RewardWriter,
  id: string,
  change: { readonly version: number; readonly reward: RewardInput },
): Promise<Written> {
  const known = await knownAnswer(env, writer)
  if (known) return known
  const wrong = amountRefusal(change.reward, writer.currency)
  if (wrong) return refused({ ...wrong, pointer: `/reward${wrong.pointer ?? ''}` })
  const before = await readReward(env, writer.merchantId, id)
  if (before === undefined) return refused(UNKNOWN)
  if (before.status === 'archived') {
    return refused(refuse('reward_changed', 'An archived reward does not come back. Create another one.'))
  }
  if (before.version !== change.version) return refused(conflict(before.version))
  const terms = nextTerms(before, change.reward)
  if ('ok' in terms) return refused(terms)
  const { status } = change.reward
  return replace(env, writer, before, { ...before, input: change.reward, status, terms })
}

/** Takes a reward away; what it was stays readable. Its discount stays in the shop: codes of it are out there. */
export async function archiveReward(env: Env, writer: RewardWriter, id: string): Promise<Written> {
  const known = await knownAnswer(env, writer)
  if (known) return known
  // Two archive it at once: the slower one finds it archived.
  for (let tries = 0; tries < 3; tries++) {
    const before = await readReward(env, writer.merchantId, id)
    if (before === undefined) return refused(UNKNOWN)
    if (before.status === 'archived') return { kind: 'written', reward: before }
    const written = await replace(env, writer, before, { ...before, status: 'archived' })
    if (written.kind === 'written' || written.answer.ok || written.answer.code !== 'version_conflict') return written
  }
  return refused(refuse('version_conflict', 'Others are changing this reward right now. Try again.'))
}

async function replace(env: Env, writer: RewardWriter, before: StoredReward, changed: StoredReward): Promise<Written> {
  const version = before.version + 1
  const isAsBefore = changed.status === 'archived' || (isSynced(before) && hasSameDiscount(before, changed))
  const after: StoredReward = {
    ...changed,
    version,
    updatedAtMs: writer.nowMs,
    ...(isAsBefore
      ? { syncedVersion: isSynced(before) ? version : before.syncedVersion }
      : { discountState: 'waiting' as const, discountProblem: null }),
  }
  // The check on `version` refuses a writer who was too slow, and the kept answer with it. The shop's answer to an
  // earlier version may come in between: `discount_gid` is not ours to write.
  const update = env.CONTROL.prepare(
    `UPDATE rewards SET version = CASE WHEN version = ?3 THEN ?4 ELSE 0 END, status = ?5, position = ?6, body = ?7,
       terms = ?8, updated_at_ms = ?9, updated_by = ?10,
       discount_problem = CASE WHEN ?11 THEN discount_problem ELSE NULL END,
       synced_version = CASE WHEN ?11 AND discount_state = 'ready' AND synced_version = ?3 THEN ?4 ELSE synced_version END,
       discount_state = CASE WHEN ?11 THEN discount_state ELSE 'waiting' END
     WHERE merchant_id = ?1 AND id = ?2`,
  ).bind(
    writer.merchantId,
    after.id,
    before.version,
    version,
    after.status,
    after.input.position,
    JSON.stringify(after.input),
    JSON.stringify(after.terms),
    writer.nowMs,
    writer.actor,
    isAsBefore ? 1 : 0,
  )
  return write(env, writer, after, update, async () =>
    conflict((await readReward(env, writer.merchantId, after.id))?.version ?? 0),
  )
}

/** The change and its answer in one transaction, so that the same request is not acted upon twice. */
async function write(
  env: Env,
  writer: RewardWriter,
  reward: StoredReward,
  statement: D1PreparedStatement,
  onCheck: () => Promise<Refusal>,
): Promise<Written> {
  const { merchantId, claim, nowMs } = writer
  const json = JSON.stringify(rewardView(reward, writer.currency, 'member'))
  try {
    await env.CONTROL.batch([statement, ...keepAnswer(env, merchantId, claim, json, nowMs)])
  } catch (error) {
    if (isCheck(error)) return refused(await onCheck())
    // The same request, sent twice at once.
    const known = isTaken(error) ? await knownAnswer(env, writer) : undefined
    if (known) return known
    throw error
  } finally {
    forgetReward(merchantId, reward.id)
  }
  return { kind: 'written', reward }
}

/** Keeps what the answer says by now, for whoever asks again with the same key. */
export async function keepNewerAnswer(env: Env, { merchantId, claim }: RewardWriter, json: string): Promise<void> {
  await env.CONTROL.prepare('UPDATE idempotency_keys SET body = ?4 WHERE merchant_id = ?1 AND scope = ?2 AND key = ?3')
    .bind(merchantId, claim.scope, claim.key, json)
    .run()
}

async function knownAnswer(env: Env, { merchantId, claim, nowMs }: RewardWriter): Promise<Known | undefined> {
  const answer = await storedAnswer(env, merchantId, claim, nowMs)
  return answer && { kind: 'known', answer }
}

function refused(answer: Refusal): Known {
  return { kind: 'known', answer }
}

function conflict(current: number): Refusal {
  return refuse('version_conflict', `The reward is at version ${current} now. Read it again.`, '/version')
}

function isCheck(error: unknown): boolean {
  return error instanceof Error && error.message.includes('CHECK constraint failed')
}
