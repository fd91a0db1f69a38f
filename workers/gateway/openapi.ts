import { OpenAPIHono, z } from '@hono/zod-openapi'
import { type ErrorCode, ERRORS } from '../../domain/contracts/errors.ts'
import { DEVICE_HEADERS } from '../../domain/contracts/pos-signing.ts'
import { Device, PosItem, PosRecord, PosSyncAnswer } from '../../domain/contracts/pos.ts'
import { OPERATIONS } from '../../domain/contracts/operations.ts'
import type { Operation } from '../../domain/contracts/operations/operation.ts'
import { WEBHOOK_OPERATIONS } from '../../domain/contracts/operations/webhooks.ts'
import { PERMISSIONS } from '../../domain/contracts/permissions.ts'
import { Balance, PointsWritten, STREAM_CLOSE, StreamTicket, TransactionsPage } from '../../domain/contracts/points.ts'
import { Redemption, RedemptionsPage, Reward, RewardsPage } from '../../domain/contracts/rewards.ts'
import { VersionedSettings } from '../../domain/contracts/settings.ts'
import { StorefrontProgram } from '../../domain/contracts/widget.ts'
import { QUOTAS, shopperQuota, WINDOW_SECONDS } from './middleware/quotas.ts'
import { BODY_EXAMPLES } from './openapi-examples.ts'

/** The OpenAPI 3.1 document, made from the same list as the routes. Pure: runs in Node to write `openapi.json`. */

type PathConfig = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0]
type Responses = PathConfig['responses']

const Problem = z.object({
  type: z.string().describe('`urn:loyalnest:error:{code}`'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('what is wrong this time, and what to do'),
  instance: z.string().describe('this case: ends with the X-Request-Id, or, where a write is refused, names the write'),
  code: z.enum(Object.keys(ERRORS)),
  retryable: z.boolean().describe('whether the same request may succeed later without a change'),
  errors: z
    .array(
      z.object({
        detail: z.string(),
        pointer: z.string().optional().describe('JSON pointer into the body'),
        parameter: z.string().optional(),
        header: z.string().optional(),
      }),
    )
    .optional()
    .describe('every field that is not as it should be'),
})

const DESCRIPTION = `Loyalty points for Shopify merchants: an order becomes points at the edge, exactly once, live.

**Credentials.** Servers send an API key, \`Authorization: Bearer ln_…\`. Storefronts send a token that \`GET /apps/loyalnest/session\` on the storefront answers (Shopify's app proxy signs the request): a shopper's acts for its own customer only, a visitor's reads what everybody may see.

**Tills** that may be offline send what they did with a signature of their own (\`POST /v1/api/points/sync\`); no key of the shop is on them.

**Writes** need an \`Idempotency-Key\` header. The same key with the same request gets the same answer, byte for byte, with \`Idempotency-Replayed: true\`, for 30 days; with another request for the same customer 422. Your own business ids (\`activity_id\`, \`redemption_id\`, \`adjustment_id\`) are never booked twice, without end.

**Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\`; \`errors\` names every bad field.

**Limits** are told in \`RateLimit-Policy\` and \`RateLimit\`, and by \`Retry-After\` on 429.`

function permissionText(operation: Operation): string {
  const { access } = operation
  if (access.kind !== 'member') return ''
  const shopper = access.shopper ? ', or a shopper token for its own customer' : ''
  const visitor = access.visitor === true ? ', or the token of a storefront page where nobody is logged in' : ''
  return `Needs the permission \`${access.permission}\` (${PERMISSIONS[access.permission]})${shopper}${visitor}.`
}

function quotaText(operation: Operation): string {
  const { access, rateClass } = operation
  const all = `At most ${perWindow(QUOTAS[rateClass])}.`
  if (access.kind !== 'member' || !access.shopper) return all
  return `${all} Of one shopper at most ${perWindow(QUOTAS[shopperQuota(operation)])}.`
}

function perWindow(quota: number): string {
  return `${quota.toLocaleString('en')} in ${WINDOW_SECONDS} seconds`
}

function descriptionOf(operation: Operation): string {
  return [operation.description, permissionText(operation), quotaText(operation)].filter(Boolean).join('\n\n')
}

function securityOf({ access }: Operation): NonNullable<PathConfig['security']> {
  switch (access.kind) {
    case 'public':
      return []
    case 'webhook':
      return [{ shopifyHmac: [] }]
    case 'proxy':
      return [{ appProxy: [] }]
    case 'shopper':
      return [{ shopperToken: [] }]
    case 'session_token':
      return [{ sessionToken: [] }]
    case 'device':
      return [{ deviceId: [], deviceSignature: [] }]
    case 'member':
      return access.shopper ? [{ apiKey: [] }, { shopperToken: [] }] : [{ apiKey: [] }]
  }
}

/** Every code that an operation may answer, its own and those of the gateway. */
function codesOf(operation: Operation): ReadonlySet<ErrorCode> {
  const codes = new Set<ErrorCode>([...operation.errors, 'rate_limited', 'internal'])
  const add = (...more: ErrorCode[]) => more.forEach((code) => codes.add(code))
  if (operation.access.kind === 'member' || operation.access.kind === 'shopper') {
    add('credentials_required', 'credentials_invalid', 'forbidden')
  }
  if (operation.access.kind === 'member' && operation.access.shopper) add('origin_not_allowed')
  if (operation.access.kind === 'proxy') add('credentials_required')
  if (operation.access.kind === 'device') add('payload_too_large')
  if (operation.body || operation.query || operation.params) add('validation_failed')
  if (operation.body) add('malformed_json', 'payload_too_large')
  if (operation.body && operation.access.kind !== 'webhook') add('unsupported_media_type')
  if (operation.idempotencyKey) add('idempotency_key_required', 'idempotency_key_reused')
  return codes
}

function problemResponses(codes: Iterable<ErrorCode>, schema: z.ZodType): Responses {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  )
}

const ExactlyOnce = z.object({
  'Idempotency-Key': z.string().min(1).max(255).meta({
    description: 'new for each request, the same for its repetitions',
    example: '6b1f0c9e-5d0a-4f1e-9f3a-1f7f9d1f8a55',
  }),
})

const ShopifyHeaders = z.object({
  'X-Shopify-Hmac-Sha256': z.string().describe('base64 of the HMAC-SHA256 of the raw body'),
  'X-Shopify-Shop-Domain': z.string().meta({ example: 'example.myshopify.com' }),
  'X-Shopify-Topic': z.string(),
  'X-Shopify-Webhook-Id': z.string().optional(),
})

function headersOf(operation: Operation): z.ZodObject | undefined {
  if (operation.access.kind === 'webhook') return ShopifyHeaders
  return operation.idempotencyKey ? ExactlyOnce : undefined
}

function examplesOf(id: string): Record<string, { value: unknown }> | undefined {
  const found = Object.entries(BODY_EXAMPLES).find(([operationId]) => operationId === id)?.[1]
  return found && Object.fromEntries(Object.entries(found).map(([name, value]) => [name, { value }]))
}

/** Schemas that the document names; the others stand where they are used. */
const NAMED = {
  Balance,
  PointsWritten,
  TransactionsPage,
  VersionedSettings,
  StreamTicket,
  StorefrontProgram,
  Reward,
  RewardsPage,
  Redemption,
  RedemptionsPage,
  Device,
  PosItem,
  PosRecord,
  PosSyncAnswer,
} as const

class Document {
  readonly app = new OpenAPIHono()
  readonly #problem: z.ZodType
  readonly #named = new Map<z.ZodType, z.ZodType>()

  constructor() {
    const registry = this.app.openAPIRegistry
    this.#problem = registry.register('Problem', Problem)
    for (const [name, schema] of Object.entries(NAMED)) {
      // The library adds its methods to schemas made after it was loaded; the contracts' may be older, their copies not.
      this.#named.set(schema, registry.register(name, schema.clone()))
    }
    registry.registerComponent('securitySchemes', 'apiKey', {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'ln_…',
      description: "A merchant's API key.",
    })
    registry.registerComponent('securitySchemes', 'shopperToken', {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'From `GET /apps/loyalnest/session` on the storefront; 15 minutes.',
    })
    registry.registerComponent('securitySchemes', 'sessionToken', {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: "App Bridge's session token: a member of the shop's staff inside Shopify's admin; one minute.",
    })
    registry.registerComponent('securitySchemes', 'deviceId', {
      type: 'apiKey',
      in: 'header',
      name: DEVICE_HEADERS.device,
      description: 'The id of a registered till.',
    })
    registry.registerComponent('securitySchemes', 'deviceSignature', {
      type: 'apiKey',
      in: 'header',
      name: DEVICE_HEADERS.signature,
      description:
        "The till's own signature: base64 of the 64 bytes r ‖ s of ECDSA P-256 with SHA-256 over the lines `loyalnest-device-v1`, method, path, device id, SHA-256 (hex) of the body; no line end after the last.",
    })
    registry.registerComponent('securitySchemes', 'shopifyHmac', {
      type: 'apiKey',
      in: 'header',
      name: 'X-Shopify-Hmac-Sha256',
      description: "Shopify's signature of the raw body, by the app's client secret.",
    })
    registry.registerComponent('securitySchemes', 'appProxy', {
      type: 'apiKey',
      in: 'query',
      name: 'signature',
      description: "Shopify's app-proxy signature of the query.",
    })
  }

  addOperation(operation: Operation): void {
    const headers = headersOf(operation)
    const examples = examplesOf(operation.id)
    const body = operation.body && {
      required: true,
      content: { 'application/json': { schema: operation.body, ...(examples && { examples }) } },
    }
    this.app.openAPIRegistry.registerPath({
      method: operation.method,
      path: operation.path,
      operationId: operation.id,
      tags: [operation.tag],
      summary: operation.summary,
      description: descriptionOf(operation),
      security: securityOf(operation),
      request: {
        ...(operation.params && { params: operation.params }),
        ...(operation.query && { query: operation.query }),
        ...(headers && { headers }),
        ...(body && { body }),
      },
      responses: {
        [operation.status]: {
          description: operation.idempotencyKey
            ? 'Done; `Idempotency-Replayed: true` where it had been done before.'
            : 'The answer.',
          content: { 'application/json': { schema: this.#named.get(operation.response) ?? operation.response } },
        },
        ...problemResponses(codesOf(operation), this.#problem),
      },
    })
  }

  addStream(): void {
    const closes = Object.entries(STREAM_CLOSE).map(([name, code]) => `${code} ${name}`)
    this.app.openAPIRegistry.registerPath({
      method: 'get',
      path: '/api/points/stream',
      operationId: 'points.stream',
      tags: ['points'],
      summary: "A customer's balance, live (WebSocket)",
      description: [
        'Open the `url` that `POST /v1/api/points/stream/ticket` answers as a WebSocket, from a page of the same origin. The server sends JSON texts: `{"type":"balance","balance":…}` at once, and `{"type":"change","transaction":…,"balance":…}` after every entry. With `last_seq`, changes missed since come first. Send the text `ping` to get `pong`.',
        `Close codes: ${closes.join(', ')}.`,
      ].join('\n\n'),
      security: [],
      request: {
        query: z.object({
          ticket: z.string().describe('works once, for 30 seconds, from the origin it was made for'),
          last_seq: z.string().optional().describe('the last `seq` that you saw'),
        }),
      },
      responses: {
        101: { description: 'The WebSocket is open.' },
        ...problemResponses(
          ['validation_failed', 'ticket_invalid', 'origin_not_allowed', 'upgrade_required', 'rate_limited'],
          this.#problem,
        ),
      },
    })
  }

  addCustomerPage(): void {
    const html = { 'text/html': { schema: z.string() } }
    this.app.openAPIRegistry.registerPath({
      method: 'get',
      path: '/customer',
      operationId: 'gateway.customerPage',
      tags: ['documentation'],
      summary: "The way to the shopper's own page, in the storefront of their shop",
      security: [],
      request: {
        query: z.object({
          shop: z.string().optional().meta({
            description: "the shop's myshopify domain or the address of its storefront",
            example: 'example.myshopify.com',
          }),
        }),
      },
      responses: {
        200: { description: "Without `shop`: a page in the browser's language that asks for it.", content: html },
        302: { description: "To `/apps/loyalnest/` of the shop's storefront." },
        404: { description: 'No such shop uses LoyalNest; the page says so.', content: html },
        ...problemResponses(['rate_limited', 'internal'], this.#problem),
      },
    })
  }

  addPages(): void {
    const page = (path: string, summary: string, type: string) =>
      this.app.openAPIRegistry.registerPath({
        method: 'get',
        path,
        operationId: `gateway.${path.replaceAll(/\W/g, '')}`,
        tags: ['documentation'],
        summary,
        security: [],
        responses: { 200: { description: summary, content: { [type]: { schema: z.any() } } } },
      })
    page('/openapi.json', 'This document', 'application/json')
    page('/docs', 'This document, to read and to try out', 'text/html')
  }
}

/** The whole document. `server` is where it is served from: the same origin. */
export function openApiDocument() {
  const document = new Document()
  for (const operation of [...OPERATIONS, ...WEBHOOK_OPERATIONS]) document.addOperation(operation)
  document.addStream()
  document.addPages()
  document.addCustomerPage()
  return document.app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'LoyalNest', version: '1', description: DESCRIPTION },
    servers: [{ url: '/' }],
  })
}

/** The text of the committed `openapi.json`. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`
}
