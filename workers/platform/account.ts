import { type Refusal, refuse } from '../../domain/contracts/errors.ts'
import type { CustomerId, CustomerRef } from '../../domain/contracts/ids.ts'
import { resolveCustomerRef } from '../../domain/ledger/identity.ts'
import type { AccountRef } from '../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { type CustomerAccountStub, customerAccount } from '../../durable-objects/kernel/stubs.ts'
import type { Caller } from './handler.ts'

/** The account that a request is about. */
export interface TargetAccount {
  readonly ok: true
  readonly ref: AccountRef
  /**
   * Named by our own id, which exists only once something was booked. A customer named by Shopify's id may simply have
   * no points yet.
   */
  readonly mustExist: boolean
}

/** Which account the caller means: a shopper always their own; an API key any of its shop's customers. */
export function targetAccount({ shop, principal }: Caller, named: CustomerRef | undefined): TargetAccount | Refusal {
  const { merchantId, currency } = shop
  const account = (customerId: CustomerId, shopifyCustomerGid: string | null): TargetAccount => ({
    ok: true,
    ref: { merchantId, customerId, shopifyCustomerGid, currency },
    mustExist: shopifyCustomerGid === null,
  })
  if (principal.kind === 'shopper') {
    const { customerId, customerGid } = principal
    const isOwn = named === undefined || resolveCustomerRef(merchantId, canonicalRef(named)).customerId === customerId
    return isOwn
      ? account(customerId, customerGid)
      : refuse('forbidden', 'A shopper token is for its own customer only.')
  }
  // Nobody's page has no account; the guard admits it only where none is asked for.
  if (principal.kind === 'visitor') return refuse('forbidden', 'Nobody is logged in to the shop on this page.')
  if (principal.kind === 'device') return refuse('forbidden', 'A till may not ask for a customer.')
  if (named === undefined) {
    return refuse('validation_failed', 'customer_id is required with an API key.', '/customer_id')
  }
  const { customerId, gid } = resolveCustomerRef(merchantId, canonicalRef(named))
  return account(customerId, gid)
}

/** UUIDs are compared as text, so their letters must be of one case. Gids keep theirs. */
function canonicalRef(named: CustomerRef): CustomerRef {
  return named.startsWith('gid:') ? named : named.toLowerCase()
}

/** The refusal for a customer id that is not of this shop, or that nothing was ever booked for. */
export function unknownCustomer(): Refusal {
  return refuse('customer_not_found', "No account has this id. A customer without points goes by Shopify's id.")
}

/** Calls the account's object, again where it is safe and may help. */
export function callAccount<R>(env: Env, ref: AccountRef, call: (stub: CustomerAccountStub) => Promise<R>): Promise<R> {
  return withRetry(() => customerAccount(env, ref.merchantId, ref.customerId), call)
}
