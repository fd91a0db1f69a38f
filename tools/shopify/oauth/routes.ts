import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import { type Faults, withFault } from '../faults.ts'
import { API_VERSION } from '../deliveries.ts'
import type { ShopLookup } from '../shop-lookup.ts'
import { type AppCredentials, isSessionToken, makeSessionToken } from './session-token.ts'
import type { TokenAnswer, Tokens } from './tokens.ts'

const Client = { client_id: z.string(), client_secret: z.string() }
const Grant = z.discriminatedUnion('grant_type', [
  z.object({
    ...Client,
    grant_type: z.literal('urn:ietf:params:oauth:grant-type:token-exchange'),
    subject_token: z.string(),
    subject_token_type: z.literal('urn:ietf:params:oauth:token-type:id_token'),
    requested_token_type: z.string().default('urn:shopify:params:oauth:token-type:offline-access-token'),
    expiring: z.union([z.string(), z.number().transform(String)]).default('0'),
  }),
  z.object({ ...Client, grant_type: z.literal('refresh_token'), refresh_token: z.string() }),
])

const OFFLINE = 'urn:shopify:params:oauth:token-type:offline-access-token'

/** OAuth's error answer; Shopify's status is 400 for all of these. */
function refuse(c: Context, error: string, description: string): Response {
  return c.json({ error, error_description: description }, 400)
}

/**
 * `POST /admin/oauth/access_token`: token exchange and refresh, form or JSON. Beside it, what plays App Bridge
 * (`/admin/app/session-token.json`), and what tests use to let tokens run out.
 */
export function oauth(tokens: Tokens, lookup: ShopLookup, app: AppCredentials, faults: Faults): Hono {
  const routes = new Hono()
  routes.post('/admin/oauth/access_token', async (c) => {
    const shop = lookup(c)
    if (shop === undefined) return c.json({ errors: 'Not Found' }, 404)
    return withFault(c, faults.take(shop, ['oauth']), async () => {
      const isJson = c.req.header('content-type')?.includes('json') ?? false
      const body: unknown = isJson ? await c.req.json().catch(() => null) : await c.req.parseBody()
      return grant(c, tokens, app, shop, body)
    })
  })
  routes.post('/admin/app/session-token.json', (c) => {
    const shop = lookup(c)
    if (shop === undefined) return c.json({ errors: 'Not Found' }, 404)
    return c.json({ session_token: makeSessionToken(shop, app) })
  })
  routes.put(`/admin/api/${API_VERSION}/access_tokens.json`, async (c) => {
    const shop = lookup(c)
    const body = z
      .object({ expires_in: z.int().min(0).optional(), expire_now: z.boolean().default(false) })
      .safeParse(await c.req.json().catch(() => null))
    if (shop === undefined || !body.success) return c.json({ errors: 'Not Found' }, 404)
    if (body.data.expires_in !== undefined) tokens.setAccessLife(shop, body.data.expires_in)
    if (body.data.expire_now) tokens.expireAccess(shop)
    return c.json(body.data)
  })
  return routes
}

function grant(c: Context, tokens: Tokens, app: AppCredentials, shop: string, body: unknown): Response {
  const asked = Grant.safeParse(body)
  if (!asked.success) return refuse(c, 'invalid_request', 'The request is missing a required parameter.')
  const { data } = asked
  if (data.client_id !== app.clientId || data.client_secret !== app.clientSecret) {
    return refuse(c, 'invalid_client', 'The client id or the client secret is wrong.')
  }
  if (data.grant_type === 'refresh_token') {
    const pair = tokens.refresh(shop, data.refresh_token)
    return pair ? answer(c, pair) : refuse(c, 'invalid_grant', 'The refresh token is invalid, expired or used.')
  }
  if (!isSessionToken(data.subject_token, shop, app)) {
    return refuse(c, 'invalid_subject_token', 'The session token is not valid for this shop and this app.')
  }
  if (data.requested_token_type !== OFFLINE || data.expiring !== '1') {
    return refuse(
      c,
      'invalid_request',
      'The stand-in gives expiring offline tokens only, as a new public app gets them.',
    )
  }
  return answer(c, tokens.issue(shop))
}

function answer(c: Context, pair: TokenAnswer): Response {
  return c.json(pair, 200, { 'cache-control': 'no-store' })
}
