import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  REWARD_FUNCTION_HANDLE,
} from '../../../../domain/rewards/function-config.ts'
import type { AdminAnswer, AdminFault, FoundCode, RewardDiscountInput, ShopRef } from './answer.ts'
import { askAdmin, faulty } from './client.ts'
import {
  ADD_CODE,
  CODE_CREATION,
  type CodeCreation,
  CREATE_REWARD_DISCOUNT,
  FIND_CODE,
  JOB,
  REMOVE_CODE,
  UPDATE_REWARD_DISCOUNT,
} from './documents.ts'
import type { DiscountCodeAppInput } from './documents.generated.ts'
import { waitForRound } from './poll.ts'
import { refusedBy } from './user-errors.ts'

/**
 * A reward's discount in the shop and its codes. Every function answers by `deadlineMs` (on the scale of `Date.now()`)
 * and may be called again after any fault: what was done already counts as done.
 */

/** Creates the discount of a reward, or finds the one that an earlier call made and brings it up to date. */
export async function createRewardDiscount(
  env: Env,
  shop: ShopRef,
  discount: RewardDiscountInput,
  deadlineMs: number,
): Promise<AdminAnswer<{ discountGid: string }>> {
  const input: DiscountCodeAppInput = {
    ...inputOf(discount),
    code: discount.firstCode,
    functionHandle: REWARD_FUNCTION_HANDLE,
    context: { all: 'ALL' },
  }
  const answer = await askAdmin(env, shop, CREATE_REWARD_DISCOUNT, { discount: input }, deadlineMs)
  if (!answer.ok) return answer
  const saved = savedDiscount(answer.data.discountCodeAppCreate)
  if (saved.ok || !isTaken(saved.fault)) return saved
  const found = await findDiscount(env, shop, discount.firstCode, deadlineMs)
  if (!found.ok) return found
  return found.data === null ? saved : updateRewardDiscount(env, shop, found.data, discount, deadlineMs)
}

/** Makes the discount what the reward says now. Its first code and its Function stay. */
export async function updateRewardDiscount(
  env: Env,
  shop: ShopRef,
  discountGid: string,
  discount: RewardDiscountInput,
  deadlineMs: number,
): Promise<AdminAnswer<{ discountGid: string }>> {
  const variables = { id: discountGid, discount: inputOf(discount) }
  const answer = await askAdmin(env, shop, UPDATE_REWARD_DISCOUNT, variables, deadlineMs)
  return answer.ok ? savedDiscount(answer.data.discountCodeAppUpdate) : answer
}

function inputOf({ config, variables, ...discount }: RewardDiscountInput): DiscountCodeAppInput {
  const { title, startsAt, endsAt, classes, combinesWith } = discount
  return {
    title,
    startsAt,
    endsAt,
    discountClasses: classes,
    // Shopify lets no two discounts on shipping combine, and refuses the wish.
    combinesWith: {
      ...combinesWith,
      shippingDiscounts: combinesWith.shippingDiscounts && !classes.includes('SHIPPING'),
    },
    // For each code; the number of codes has no end.
    usageLimit: 1,
    // It would count for the discount: a customer may redeem a reward again, and then holds another code of it.
    appliesOncePerCustomer: false,
    metafields: [
      { ...FUNCTION_METAFIELD, type: 'json', value: JSON.stringify(config) },
      { ...FUNCTION_INPUT_METAFIELD, type: 'json', value: JSON.stringify(variables) },
    ],
  }
}

type Saved = {
  readonly codeAppDiscount: { readonly discountId: string } | null
  readonly userErrors: Parameters<typeof refusedBy>[0]
} | null

function savedDiscount(payload: Saved): AdminAnswer<{ discountGid: string }> {
  const refused = refusedBy(payload?.userErrors ?? [])
  if (refused) return faulty(refused)
  const discount = payload?.codeAppDiscount ?? null
  return discount ? { ok: true, data: { discountGid: discount.discountId } } : faulty(UNCERTAIN)
}

function isTaken(fault: AdminFault): boolean {
  return fault.kind === 'refused' && fault.problems.some(({ code }) => code === 'TAKEN')
}

/** A change was sent, and what became of it is not known. */
const UNCERTAIN: AdminFault = { kind: 'unavailable', maybeDone: true }

/**
 * Adds a code to a discount and waits until Shopify has made it, or refuses it. Also fine when the code is there
 * already, on this discount. `refused` means that it is not there.
 */
export async function addCode(
  env: Env,
  shop: ShopRef,
  discountGid: string,
  code: string,
  deadlineMs: number,
): Promise<AdminAnswer<{ redeemCodeGid: string | null }>> {
  const answer = await askAdmin(env, shop, ADD_CODE, { discountId: discountGid, code }, deadlineMs)
  if (!answer.ok) return answer
  const payload = answer.data.discountRedeemCodeBulkAdd
  const refused = refusedBy(payload?.userErrors ?? [])
  if (refused) return afterRefusal(env, shop, { discountGid, code, refused }, deadlineMs)
  const creation = payload?.bulkCreation ?? null
  return creation ? awaitCode(env, shop, { discountGid, code, creation }, deadlineMs) : faulty(UNCERTAIN)
}

interface Adding {
  readonly discountGid: string
  readonly code: string
}

/** Asks again and again how the creation of the code stands. */
async function awaitCode(
  env: Env,
  shop: ShopRef,
  { creation: first, ...adding }: Adding & { readonly creation: CodeCreation },
  deadlineMs: number,
): Promise<AdminAnswer<{ redeemCodeGid: string | null }>> {
  let creation = first
  for (let round = 0; !creation.done; round += 1) {
    if (!(await waitForRound(round, deadlineMs))) return faulty(UNCERTAIN)
    const answer = await askAdmin(env, shop, CODE_CREATION, { id: creation.id }, deadlineMs)
    // The creation goes on in the shop, whatever keeps it from telling us so: one lost answer is asked for again.
    if (!answer.ok && answer.fault.kind !== 'unavailable') return faulty(UNCERTAIN)
    if (answer.ok) creation = answer.data.discountRedeemCodeBulkCreation ?? creation
  }
  const made = creation.codes.nodes.find(({ code }) => isSameCode(code, adding.code))
  const refused = refusedBy(made?.errors ?? [])
  if (refused) return afterRefusal(env, shop, { ...adding, refused }, deadlineMs)
  return made?.discountRedeemCode
    ? { ok: true, data: { redeemCodeGid: made.discountRedeemCode.id } }
    : afterRefusal(env, shop, { ...adding, refused: UNCERTAIN }, deadlineMs)
}

/** Why ever the shop said no: if the code is on the discount, an earlier request has added it. */
async function afterRefusal(
  env: Env,
  shop: ShopRef,
  { discountGid, code, refused }: Adding & { readonly refused: AdminFault },
  deadlineMs: number,
): Promise<AdminAnswer<{ redeemCodeGid: string | null }>> {
  const found = await lookUp(env, shop, code, deadlineMs)
  if (!found.ok) return faulty(UNCERTAIN)
  // Taken, and yet nobody has it: by an earlier request of ours, as far as anybody can tell.
  if (found.data === null && isTaken(refused)) return faulty(UNCERTAIN)
  if (found.data?.discountGid !== discountGid) return faulty(refused)
  return { ok: true, data: { redeemCodeGid: found.data.redeemCode?.id ?? null } }
}

/** The code as the shop knows it, on whichever discount; null: there is none. */
export async function findCode(
  env: Env,
  shop: ShopRef,
  code: string,
  deadlineMs: number,
): Promise<AdminAnswer<FoundCode | null>> {
  const found = await lookUp(env, shop, code, deadlineMs)
  if (!found.ok) return found
  if (found.data === null) return { ok: true, data: null }
  const { discountGid, redeemCode } = found.data
  // The discount is known, but the search within it does not have the code yet.
  if (redeemCode === null) return faulty({ kind: 'unavailable', maybeDone: false })
  return {
    ok: true,
    data: { discountGid, redeemCodeGid: redeemCode.id, usageCount: redeemCode.asyncUsageCount },
  }
}

interface LookedUp {
  readonly discountGid: string
  readonly redeemCode: { readonly id: string; readonly asyncUsageCount: number } | null
}

async function lookUp(
  env: Env,
  shop: ShopRef,
  code: string,
  deadlineMs: number,
): Promise<AdminAnswer<LookedUp | null>> {
  const answer = await askAdmin(env, shop, FIND_CODE, { code, search: JSON.stringify(code) }, deadlineMs)
  if (!answer.ok) return answer
  const discount = answer.data.codeDiscountNodeByCode
  if (discount === null) return { ok: true, data: null }
  const redeemCode = discount.codeDiscount.codes.nodes.find((node) => isSameCode(node.code, code)) ?? null
  return { ok: true, data: { discountGid: discount.id, redeemCode } }
}

async function findDiscount(
  env: Env,
  shop: ShopRef,
  code: string,
  deadlineMs: number,
): Promise<AdminAnswer<string | null>> {
  const found = await lookUp(env, shop, code, deadlineMs)
  return found.ok ? { ok: true, data: found.data?.discountGid ?? null } : found
}

/** Deletes a code. `done`: Shopify says that it is finished; else it goes on after the deadline, and may be asked again. */
export async function removeCode(
  env: Env,
  shop: ShopRef,
  discountGid: string,
  redeemCodeGid: string,
  deadlineMs: number,
): Promise<AdminAnswer<{ done: boolean }>> {
  const variables = { discountId: discountGid, redeemCodeIds: [redeemCodeGid] }
  const answer = await askAdmin(env, shop, REMOVE_CODE, variables, deadlineMs)
  if (!answer.ok) return answer
  const payload = answer.data.discountCodeRedeemCodeBulkDelete
  const refused = refusedBy(payload?.userErrors ?? [])
  if (refused) return faulty(refused)
  let job = payload?.job ?? null
  for (let round = 0; job !== null && !job.done; round += 1) {
    if (!(await waitForRound(round, deadlineMs))) return { ok: true, data: { done: false } }
    const asked = await askAdmin(env, shop, JOB, { id: job.id }, deadlineMs)
    if (!asked.ok) return { ok: true, data: { done: false } }
    job = asked.data.job
  }
  return job === null ? faulty(UNCERTAIN) : { ok: true, data: { done: true } }
}

/** Shopify compares codes without regard to case. */
function isSameCode(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase()
}
