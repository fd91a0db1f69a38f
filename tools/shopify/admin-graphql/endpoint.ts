import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import { API_VERSION } from '../deliveries.ts'
import type { BulkOperations } from '../bulk.ts'
import type { Discounts } from '../discounts/discounts.ts'
import { Fault, type Faults, withFault } from '../faults.ts'
import type { Tokens } from '../oauth/tokens.ts'
import type { ShopLookup } from '../shop-lookup.ts'
import type { ShopOrders } from '../shop-orders.ts'
import { Bucket, MAX_QUERY_COST, queryCost } from './cost.ts'
import type { AnsweredError } from './errors.ts'
import { type ValidDocument, readDocument, rootFields, run, schemaOf, variableErrors } from './execute.ts'
import type { AdminContext } from './roots.ts'

/** What the Admin API works with. */
export interface AdminParts {
  readonly lookup: ShopLookup
  readonly tokens: Tokens
  readonly faults: Faults
  readonly discounts: Discounts
  readonly identify: (domain: string) => AdminContext['shop']
  readonly nextId: () => string
  readonly orders: ShopOrders
  readonly bulk: BulkOperations
  /** Where the stand-in is reached. */
  readonly origin: () => string
}

const Request = z.object({
  query: z.string().min(1),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
})
type Request = z.infer<typeof Request>

/**
 * `POST /admin/api/{version}/graphql.json`: the token is checked, the document validated against the real schema, its
 * cost taken from the shop's bucket, and then it runs. `PUT …/faults.json` orders trouble for a shop.
 */
export function adminGraphql(parts: AdminParts): Hono {
  const buckets = new Map<string, Bucket>()
  const app = new Hono().basePath(`/admin/api/${API_VERSION}`)
  app.post('/graphql.json', async (c) => {
    const shop = parts.lookup(c)
    if (shop === undefined) return c.json({ errors: 'Not Found' }, 404)
    const request = Request.safeParse(await c.req.json().catch(() => null))
    if (!request.success) return c.json({ errors: { query: 'Required parameter missing or invalid' } }, 400)
    const read = readDocument(request.data.query, request.data.operationName ?? undefined)
    const bucket = buckets.get(shop) ?? new Bucket()
    buckets.set(shop, bucket)
    const fault = parts.faults.take(shop, isValid(read) ? rootFields(read) : [])
    return withFault(c, fault, () => answer(c, parts, { shop, request: request.data, read, bucket, fault }))
  })
  app.put('/faults.json', async (c) => {
    const body = z
      .object({ shop: z.string().optional(), faults: z.array(Fault).max(50) })
      .safeParse(await c.req.json().catch(() => null))
    if (!body.success) return c.json({ errors: z.treeifyError(body.error) }, 422)
    const shop = body.data.shop ?? parts.lookup(c)
    if (shop === undefined) return c.json({ errors: 'Not Found' }, 404)
    parts.faults.order(shop, body.data.faults)
    return c.json({ shop, faults: parts.faults.left(shop) })
  })
  app.get('/faults.json', (c) => {
    const shop = c.req.query('shop') ?? parts.lookup(c)
    if (shop === undefined) return c.json({ errors: 'Not Found' }, 404)
    return c.json({ shop, faults: parts.faults.left(shop) })
  })
  return app
}

interface Asked {
  readonly shop: string
  readonly request: Request
  readonly read: ValidDocument | readonly AnsweredError[]
  readonly bucket: Bucket
  readonly fault: Fault | undefined
}

async function answer(c: Context, parts: AdminParts, asked: Asked): Promise<Response> {
  const { shop, request, read, bucket, fault } = asked
  const scopes = parts.tokens.scopesOf(shop, c.req.header('x-shopify-access-token') ?? '')
  if (!scopes) {
    return c.json({ errors: '[API] Invalid API key or access token (unrecognized login or wrong password)' }, 401)
  }
  if (!isValid(read)) return c.json({ errors: read })
  const variables = request.variables ?? {}
  const problems = variableErrors(read, variables)
  if (problems) return c.json({ errors: problems })
  const walk = { schema: schemaOf(), document: read.document, variables }
  const requestedQueryCost = queryCost(walk, read.operation)
  const cost = (actualQueryCost: number | null) => ({
    cost: { requestedQueryCost, actualQueryCost, throttleStatus: bucket.status() },
  })
  if (requestedQueryCost > MAX_QUERY_COST) {
    const message = `Query cost is ${requestedQueryCost}, which exceeds the single query max cost limit (${MAX_QUERY_COST}).`
    const extensions = { code: 'MAX_COST_EXCEEDED', cost: requestedQueryCost, maxCost: MAX_QUERY_COST }
    return c.json({ errors: [{ message, extensions }] })
  }
  if (fault?.effect === 'throttled' || !bucket.take(requestedQueryCost)) {
    const extensions = { code: 'THROTTLED', documentation: 'https://shopify.dev/api/usage/rate-limits' }
    return c.json({ errors: [{ message: 'Throttled', extensions }], extensions: cost(null) })
  }
  const refuseMutations = fault?.effect === 'user_error'
  const { data, errors } = await run(read, variables, { ...contextOf(parts, shop, scopes), refuseMutations })
  const actual = Math.min(requestedQueryCost, queryCost(walk, read.operation, data ?? {}))
  bucket.giveBack(requestedQueryCost - actual)
  return c.json({ data, ...(errors && { errors }), extensions: cost(actual) })
}

/** What a request of that shop works with. */
export function contextOf(parts: AdminParts, shop: string, scopes: readonly string[]): AdminContext {
  const { discounts, nextId, orders, bulk, origin } = parts
  const shared = { discounts, nextId, orders, bulk, origin: origin() }
  return { ...shared, shop: parts.identify(shop), scopes, inBulk: false, refuseMutations: false }
}

function isValid(read: ValidDocument | readonly AnsweredError[]): read is ValidDocument {
  return 'document' in read
}
