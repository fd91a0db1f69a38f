import { z } from 'zod'
import { ERRORS } from '../../domain/contracts/errors.ts'
import { STREAM_HEADERS, type AccountRef } from '../../durable-objects/kernel/protocol.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { shopByMerchant } from '../platform/control.ts'
import { readStreamTicket } from '../platform/token.ts'
import type { Exchange } from './exchange.ts'
import { limitRate } from './middleware/rate-limit.ts'
import { Problem, validationProblem } from './problem.ts'

/** Path of the live stream, which is a WebSocket and so no operation of the REST list. */
export const STREAM_PATH = '/api/points/stream'

const LastSeq = z
  .string()
  .regex(/^[0-9]{1,15}$/)
  .optional()

/**
 * Opens a customer's live stream: the ticket must be ours, not expired and bound to the page's origin. The customer's
 * object then accepts the socket, once a ticket. Only headers made here reach the object, none from outside.
 */
export async function openStream(exchange: Exchange): Promise<Response> {
  const { env, request } = exchange
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new Problem('upgrade_required', 'Connect with a WebSocket.', [], { upgrade: 'websocket' })
  }
  const query = new URL(request.url).searchParams
  const lastSeq = LastSeq.safeParse(query.get('last_seq') ?? undefined)
  if (!lastSeq.success) throw validationProblem([{ detail: 'must be a number of digits', parameter: 'last_seq' }])
  const ticket = await readStreamTicket(env, query.get('ticket') ?? '')
  if (!ticket)
    throw new Problem('ticket_invalid', 'The ticket is not ours or older than 30 seconds. Ask for a new one.')
  exchange.merchantId = ticket.mid
  if (request.headers.get('origin') !== ticket.origin) {
    throw new Problem('origin_not_allowed', 'The ticket was made for a page of another origin.')
  }
  const shop = await shopByMerchant(env, ticket.mid)
  if (shop?.status !== 'active') throw new Problem('ticket_invalid', 'The shop has uninstalled LoyalNest.')
  await limitRate(exchange, 'session', ticket.sub)

  const account: AccountRef = {
    merchantId: ticket.mid,
    customerId: ticket.sub,
    shopifyCustomerGid: ticket.gid,
    currency: shop.currency,
  }
  const headers = new Headers({
    upgrade: 'websocket',
    [STREAM_HEADERS.account]: JSON.stringify(account),
    [STREAM_HEADERS.ticketId]: ticket.jti,
    [STREAM_HEADERS.ticketExpiresAtMs]: String(ticket.exp * 1000),
  })
  if (lastSeq.data !== undefined) headers.set(STREAM_HEADERS.lastSeq, lastSeq.data)
  const response = await customerAccount(env, ticket.mid, ticket.sub).fetch(
    new Request('https://customer-account/stream', { headers }),
  )
  if (response.status === 101) return response
  if (response.status === ERRORS.ticket_invalid.status) {
    throw new Problem('ticket_invalid', 'The ticket has been used or has expired. Ask for a new one.')
  }
  throw new Error(`the customer's object refused the stream with ${response.status}`)
}
