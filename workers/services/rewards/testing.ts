import { env } from 'cloudflare:workers'
import { z } from 'zod'
import { Balance } from '../../../domain/contracts/points.ts'
import {
  Redemption,
  RedemptionsPage,
  Reward,
  type RewardInput,
  RewardsPage,
} from '../../../domain/contracts/rewards.ts'
import { FunctionConfig } from '../../../domain/rewards/function-config.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { booksOf, violationsOf } from '../../../domain/ledger/invariants.ts'
import { rebuild } from '../../../domain/ledger/memory.ts'
import type { RedemptionRecord } from '../../../domain/rewards/types.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { customerAccount, merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { call, get, newShop, post, type TestShop } from '../../gateway/testing.ts'
import { shopifyAccess } from '../../integrations/shopify/admin/access.ts'
import { readReward } from '../../platform/rewards.ts'
import { issueShopperToken, issueVisitorToken } from '../../platform/token.ts'

/** What the tests of rewards share: a shop of the stand-in that LoyalNest has access to, its customers, and their codes. */

export type { TestShop }
export const ADMIN = '/admin/api/2026-10'

/** Asks the stand-in about a shop. */
export function askShop(shop: TestShop, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(env.SHOPIFY_PROXY + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-forwarded-host': shop.domain },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** An active shop that gave LoyalNest access to its Admin API. */
export async function connectedShop(): Promise<TestShop> {
  const shop = await newShop(env)
  await connect(shop)
  return shop
}

/** Gives LoyalNest access, as the merchant does by opening the app. */
export async function connect(shop: TestShop): Promise<void> {
  const answer = await askShop(shop, 'POST', '/admin/app/session-token.json')
  const { session_token: token } = z.object({ session_token: z.string() }).parse(await answer.json())
  await merchantHub(env, shop.merchantId).connectShopify(shop.merchantId, shop.domain, token)
}

/** Trouble in the shop's Admin API, as tools/shopify/faults.ts knows it. */
export interface Trouble {
  readonly match: string
  readonly effect:
    | 'status_500'
    | 'status_429'
    | 'throttled'
    | 'slow'
    | 'drop_before'
    | 'drop_after'
    | 'user_error'
    | 'silent'
  readonly times?: number
  readonly delay_ms?: number
}

/** Replaces what trouble the shop is in. */
export async function trouble(shop: TestShop, ...faults: readonly Trouble[]): Promise<void> {
  const answer = await askShop(shop, 'PUT', `${ADMIN}/faults.json`, { shop: shop.domain, faults })
  if (!answer.ok) throw new Error(await answer.text())
}

export type RewardDraft = Partial<z.input<typeof RewardInput>>

/** 5 € off for 250 points, changed as asked. */
export function rewardDraft(changes: RewardDraft = {}): z.input<typeof RewardInput> {
  return {
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    cost: { kind: 'fixed', points: 250 },
    ...changes,
  }
}

/** Creates a reward by the API. */
export async function newReward(shop: TestShop, changes: RewardDraft = {}): Promise<Reward> {
  const response = await post('/v1/api/rewards', shop.key, rewardDraft(changes))
  if (response.status !== 201) throw new Error(await response.text())
  return Reward.parse(await response.json())
}

/** The rewards as a caller sees them. */
export async function rewardsFor(token: string, query = ''): Promise<RewardsPage> {
  const response = await get(`/v1/api/rewards${query}`, token)
  if (!response.ok) throw new Error(await response.text())
  return RewardsPage.parse(await response.json())
}
type RewardsPage = z.infer<typeof RewardsPage>

/** A customer of a shop who is logged in. */
export interface TestCustomer {
  readonly gid: string
  readonly ref: AccountRef
  readonly token: string
}

/** A customer with points to spend. */
export async function customerWith(shop: TestShop, points: number): Promise<TestCustomer> {
  const gid = `gid://shopify/Customer/${820_000_000_000n + BigInt(Math.floor(Math.random() * 1e12))}`
  const customerId = customerIdOfGid(shop.merchantId, gid)
  const subject = { merchantId: shop.merchantId, customerId, customerGid: gid }
  if (points > 0) {
    const earned = await post('/v1/api/points/earn', shop.key, { customer_id: gid, points })
    if (!earned.ok) throw new Error(await earned.text())
  }
  return {
    gid,
    ref: { merchantId: shop.merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' },
    token: (await issueShopperToken(env, subject, Date.now())).token,
  }
}

/** The token of a page where nobody is logged in. */
export async function visitorToken(shop: TestShop): Promise<string> {
  return (await issueVisitorToken(env, shop.merchantId, Date.now())).token
}

/** Redeems a reward as its customer does. */
export function redeem(
  customer: TestCustomer,
  rewardId: string,
  body: { readonly points?: number; readonly customer_id?: string } = {},
  key: string = crypto.randomUUID(),
): Promise<Response> {
  return post(`/v1/api/rewards/${rewardId}/redeem`, customer.token, body, { 'idempotency-key': key })
}

/** The redemption that a response holds. */
export async function redemptionIn(response: Response): Promise<Redemption> {
  if (!response.ok) throw new Error(await response.text())
  return Redemption.parse(await response.json())
}

/** The customer's redemptions, newest first. */
export async function redemptionsOf({ token }: TestCustomer, query = ''): Promise<Redemption[]> {
  const response = await get(`/v1/api/redemptions${query}`, token)
  if (!response.ok) throw new Error(await response.text())
  return RedemptionsPage.parse(await response.json()).redemptions
}

export async function balanceOf({ token }: TestCustomer): Promise<z.infer<typeof Balance>> {
  return Balance.parse(await (await get('/v1/api/points/balance', token)).json())
}

const Answer = z.object({
  data: z.object({
    codeDiscountNode: z.object({
      metafield: z.object({ value: z.string().transform((text) => FunctionConfig.parse(JSON.parse(text))) }),
      codeDiscount: z.object({ codes: z.object({ nodes: z.array(z.object({ code: z.string() })) }) }),
    }),
  }),
})

/** Runs a GraphQL document in the shop, about a reward's discount. */
async function runInShop(shop: TestShop, { id }: Reward, query: string): Promise<unknown> {
  const access = await shopifyAccess(env, shop, null)
  if (!access.ok) throw new Error(access.problem)
  const reward = await readReward(env, shop.merchantId, id)
  const response = await fetch(`${env.SHOPIFY_PROXY}${ADMIN}/graphql.json`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-host': shop.domain,
      'x-shopify-access-token': access.accessToken,
    },
    body: JSON.stringify({ query, variables: { id: reward?.discountGid } }),
  })
  return response.json()
}

/** What the shop says about a reward's discount. */
async function discountOf(shop: TestShop, reward: Reward) {
  const answer = await runInShop(
    shop,
    reward,
    `query ($id: ID!) { codeDiscountNode(id: $id) {
      metafield(namespace: "$app:loyalnest", key: "reward") { value }
      codeDiscount { ... on DiscountCodeApp { codes(first: 250) { nodes { code } } } } } }`,
  )
  return Answer.parse(answer).data.codeDiscountNode
}

/** Deletes the discount, as the merchant may do in Shopify's admin. */
export async function deleteDiscount(shop: TestShop, reward: Reward): Promise<void> {
  await runInShop(shop, reward, 'mutation ($id: ID!) { discountCodeDelete(id: $id) { userErrors { message } } }')
}

/** What the discount's Function is told. */
export async function metafieldOf(shop: TestShop, reward: Reward): Promise<FunctionConfig> {
  return (await discountOf(shop, reward)).metafield.value
}

/** The codes that the shop has on a reward's discount, without its first one, sorted. */
export async function codesInShop(shop: TestShop, reward: Reward): Promise<string[]> {
  const { nodes } = (await discountOf(shop, reward)).codeDiscount.codes
  return nodes
    .map(({ code }) => code)
    .filter((code) => !code.startsWith('LN-REWARD-'))
    .toSorted()
}

/** The customer's account. */
export function accountOf({ ref }: TestCustomer) {
  return customerAccount(env, ref.merchantId, ref.customerId)
}

/** What is wrong with the customer's books: nothing, or a test fails. */
export async function faultsInBooks(customer: TestCustomer): Promise<readonly string[]> {
  const page = await accountOf(customer).ledger(customer.ref, 0, 1_000)
  return violationsOf(booksOf(rebuild(page?.entries ?? [])))
}

/** Where points and codes stand after all: they agree if `codes` are the codes of `spent`. */
export async function outcomeOf(shop: TestShop, reward: Reward, customer: TestCustomer) {
  const { redemptions } = await accountOf(customer).redemptions(customer.ref, {
    before: null,
    limit: 100,
    state: null,
    rewardId: null,
  })
  const balance = await accountOf(customer).balance(customer.ref)
  return {
    states: redemptions.map(({ state, cancelReason }) => (cancelReason === null ? state : `${state}: ${cancelReason}`)),
    points: balance?.points,
    held: balance?.held,
    areSame: JSON.stringify(await codesInShop(shop, reward)) === JSON.stringify(codesOf(redemptions)),
    faults: await faultsInBooks(customer),
  }
}

function codesOf(redemptions: readonly RedemptionRecord[]): string[] {
  return redemptions
    .filter(({ state }) => state === 'issued')
    .map(({ code }) => code)
    .toSorted()
}

export { call, get, post }
