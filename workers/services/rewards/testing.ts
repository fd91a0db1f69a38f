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
import type { Order } from '../../../tools/shopify/order.ts'
import type { RedemptionRecord } from '../../../domain/rewards/types.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { customerAccount, merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { call, get, newShop, post, type TestShop } from '../../gateway/testing.ts'
import { shopAddress } from '../../integrations/shopify/address.ts'
import { shopifyAccess } from '../../integrations/shopify/admin/access.ts'
import type { RewardDiscountInput, ShopRef } from '../../integrations/shopify/admin/answer.ts'
import { ADMIN_API_VERSION } from '../../integrations/shopify/admin/version.ts'
import { readReward } from '../../platform/rewards.ts'
import { issueShopperToken, issueVisitorToken } from '../../platform/token.ts'

/**
 * What tests with the Shopify stand-in share: shops of it that LoyalNest has access to, their trouble, their customers,
 * rewards and codes. Every `….myshopify.com` exists there.
 */

export type { TestShop }
const ADMIN = `/admin/api/${ADMIN_API_VERSION}`

/** Asks the stand-in about a shop. */
async function askShop({ domain }: Pick<ShopRef, 'domain'>, method: 'POST' | 'PUT', path: string, body: object) {
  const { url, headers } = shopAddress(env, domain, path)
  const answer = await fetch(url, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`The stand-in answered ${answer.status} to ${method} ${path}`)
  return answer
}

/** A shop that only Shopify knows. */
export function testShop(): ShopRef {
  return { merchantId: crypto.randomUUID(), domain: `t-${crypto.randomUUID()}.myshopify.com` }
}

/** An active shop that gave LoyalNest access to its Admin API. */
export async function connectedShop(): Promise<TestShop> {
  const shop = await newShop(env)
  await connect(shop)
  return shop
}

/** A session token as App Bridge gets it inside the shop's admin. */
export async function sessionToken(shop: Pick<ShopRef, 'domain'>): Promise<string> {
  const answer = await askShop(shop, 'POST', '/admin/app/session-token.json', {})
  return z.object({ session_token: z.string() }).parse(await answer.json()).session_token
}

/** Gives LoyalNest access, as the merchant does by opening the app. */
export async function connect(shop: ShopRef): Promise<void> {
  const token = await sessionToken(shop)
  const connection = await merchantHub(env, shop.merchantId).connectShopify(shop.merchantId, shop.domain, token)
  if (!connection.ok) throw new Error(`The shop was not connected: ${connection.problem}`)
}

/** Gives the shop orders that LoyalNest never heard of. */
export async function addHistory(shop: ShopRef, orders: readonly Order[]): Promise<void> {
  // Numbers and tokens are the stand-in's own, whichever shop they are of.
  const first = Number(crypto.getRandomValues(new Uint32Array(1))[0]) * 10_000
  const numbered = orders.map((order, index) => Object.assign({}, order, { number: first + index }))
  await askShop(shop, 'PUT', `${ADMIN}/history.json`, { shop: shop.domain, orders: numbered })
}

/** Ends the shop's access tokens; refresh tokens stay. */
export async function endAccessTokens(shop: ShopRef): Promise<void> {
  await askShop(shop, 'PUT', `${ADMIN}/access_tokens.json`, { expire_now: true })
}

/** How long the access tokens live that the shop gives from now on. */
export async function setAccessLife(shop: ShopRef, seconds: number): Promise<void> {
  await askShop(shop, 'PUT', `${ADMIN}/access_tokens.json`, { expires_in: seconds })
}

/** Trouble in the shop's Admin API, as tools/shopify/faults.ts knows it: once, unless `times` says more often. */
export interface Trouble {
  /** A root field such as `discountRedeemCodeBulkAdd`, `oauth`, or `*`. */
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
export async function trouble(shop: ShopRef, ...faults: readonly Trouble[]): Promise<void> {
  await askShop(shop, 'PUT', `${ADMIN}/faults.json`, { faults })
}

/** A reward's discount that the shop takes. */
export function rewardDiscount(changes: Partial<RewardDiscountInput> = {}): RewardDiscountInput {
  return {
    title: '5 € off',
    firstCode: `LN-REWARD-${crypto.randomUUID().slice(0, 8).toUpperCase()}`,
    startsAt: '2026-08-01T00:00:00Z',
    endsAt: null,
    classes: ['ORDER'],
    combinesWith: { orderDiscounts: false, productDiscounts: true, shippingDiscounts: true },
    config: {
      v: 1,
      key: btoa('0'.repeat(32)),
      sliding: false,
      title: '5 € off',
      terms: { '1': { type: 'amount_off', amount: '5.00', minimum: null, collections: 0, share: null } },
    },
    variables: { collections1: [], collections2: [], collections3: [], collections4: [] },
    ...changes,
  }
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
