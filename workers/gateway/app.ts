import { type Context, Hono } from 'hono'
import { OPERATIONS } from '../../domain/contracts/operations.ts'
import { WEBHOOK_TOPICS } from '../../domain/earning/facts.ts'
import openApiDocument from '../../openapi.json'
import { logFault, logRequest } from '../platform/log.ts'
import { type Exchange, jsonResponse, problemResponse } from './exchange.ts'
import { CUSTOMER_PATH, serveCustomerPage } from './customer-page.ts'
import { handlers } from './handlers.ts'
import { networkOf } from './middleware/address.ts'
import { answerOptions } from './middleware/cors.ts'
import { requestIdOf } from './middleware/request-id.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { servePage } from './pages.ts'
import { serve } from './pipeline.ts'
import { Problem } from './problem.ts'
import { serveShopperPage, SHOPPER_PAGE_PATHS } from './shopper-page.ts'
import { openStream, STREAM_PATH } from './streams.ts'
import { receiveWebhook } from './webhooks.ts'

/**
 * The gateway: one Hono app whose routes come from the list of operations, never by hand. Beside them: the webhooks,
 * the live stream, the OpenAPI document and the pages.
 */

interface GatewayEnv {
  Bindings: Env
  Variables: { exchange: Exchange }
}
type GatewayContext = Context<GatewayEnv>

const openApiText = JSON.stringify(openApiDocument)

function newExchange(context: GatewayContext): Exchange {
  const request = context.req.raw
  const requestId = requestIdOf(request)
  return {
    env: context.env,
    request,
    path: context.req.path,
    requestId,
    startedAtMs: Date.now(),
    address: networkOf(request.headers.get('cf-connecting-ip') ?? 'unknown'),
    headers: { ...securityHeaders('api', request.url.startsWith('https:')), 'x-request-id': requestId },
    body: null,
    operation: null,
    merchantId: null,
    code: undefined,
  }
}

function log({ request, requestId, startedAtMs, operation, merchantId, code }: Exchange, status: number): void {
  logRequest({
    requestId,
    operation,
    method: request.method,
    status,
    durationMs: Date.now() - startedAtMs,
    merchantId,
    ...(code !== undefined && { code }),
  })
}

function refuseMethod(allow: string): never {
  throw new Problem('method_not_allowed', `Use one of: ${allow}.`, [], { allow })
}

const app = new Hono<GatewayEnv>()
const methodsOfPath = new Map<string, string[]>()
/** Paths that tills call, from an origin of their own. */
const devicePaths = new Set<string>(OPERATIONS.filter(({ access }) => access.kind === 'device').map(({ path }) => path))

/** Adds a route: `handle` runs as operation `id`, its refusals become problem+json, its end one line of log. */
function route(
  method: string,
  path: string,
  id: string | null,
  handle: (exchange: Exchange, context: GatewayContext) => Promise<Response>,
): void {
  if (method !== 'ALL' && method !== 'OPTIONS') {
    methodsOfPath.set(path, [...(methodsOfPath.get(path) ?? []), ...(method === 'GET' ? ['GET', 'HEAD'] : [method])])
  }
  app.on(method, path, async (context) => {
    const exchange = newExchange(context)
    exchange.operation = id
    const response = await answer(exchange, () => handle(exchange, context))
    log(exchange, response.status)
    return response
  })
}

async function answer(exchange: Exchange, handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    if (error instanceof Problem) return problemResponse(exchange, error)
    logFault(exchange.requestId, error)
    // What went wrong inside is for the log: it may name things that are nobody else's business.
    return problemResponse(exchange, new Problem('internal', 'Try again; if it stays, tell us the instance below.'))
  }
}

for (const operation of OPERATIONS) {
  const handler = handlers[operation.id]
  const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
  route(operation.method.toUpperCase(), path, operation.id, (exchange, context) =>
    serve(operation, handler, exchange, context.req.param()),
  )
}
for (const topic of WEBHOOK_TOPICS) {
  route('POST', `/v1/api/webhooks/${topic}`, `webhooks.${topic}`, (exchange) => receiveWebhook(exchange, topic))
}
route('GET', STREAM_PATH, 'points.stream', openStream)
for (const path of SHOPPER_PAGE_PATHS) route('GET', path, 'gateway.shopperPage', serveShopperPage)
route('GET', CUSTOMER_PATH, 'gateway.customerPage', serveCustomerPage)
route('GET', '/openapi.json', 'gateway.openapi', (exchange) =>
  Promise.resolve(jsonResponse(exchange, 200, openApiText)),
)

for (const [path, methods] of methodsOfPath) {
  route('OPTIONS', path, null, (exchange) => answerOptions(exchange, methods, devicePaths.has(path)))
  route('ALL', path, null, () => refuseMethod([...methods, 'OPTIONS'].join(', ')))
}
route('ALL', '*', null, servePage)

/** The Worker's `fetch`. */
export const gateway = app
