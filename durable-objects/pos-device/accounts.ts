import type { Booked } from '../../domain/pos/outcome.ts'
import { refuse } from '../../domain/contracts/errors.ts'
import type { PosBooking } from '../../domain/pos/types.ts'
import { reportFailure } from '../kernel/log.ts'
import type { AccountRef, BatchOutcome } from '../kernel/protocol.ts'
import { withRetry } from '../kernel/retry.ts'
import { type CustomerAccountStub, customerAccount } from '../kernel/stubs.ts'

/** How many accounts are asked at once. */
const AT_ONCE = 16
/** An account that has not answered by then does not answer. What it books all the same, it books once. */
const ANSWER_MS = 10_000

/** What became of each booking, in the order given; null: the account does not answer, and may have booked it or not. */
export type BookAll = (currency: string, bookings: readonly PosBooking[]) => Promise<readonly (Booked | null)[]>

/** Books in the customers' accounts: one call a customer, the order of each customer's bookings is kept. */
export function bookingWith(env: Env, merchantId: string): BookAll {
  return async (currency, bookings) => {
    const booked: (Booked | null)[] = bookings.map(() => null)
    const customers = [...Map.groupBy(bookings.keys(), (index) => bookings[index]?.customerId ?? '')]
    const next = customers.values()
    const worker = async () => {
      for (const [customerId, indexes] of next) {
        const theirs = indexes.flatMap((index) => bookings[index] ?? [])
        const outcomes = await bookOne(env, { merchantId, customerId, currency }, theirs)
        for (const [place, index] of indexes.entries()) booked[index] = outcomes[place] ?? null
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, customers.length) }, worker))
    return booked
  }
}

/** All bookings of one customer, in their order. */
async function bookOne(
  env: Env,
  owner: { readonly merchantId: string; readonly customerId: string; readonly currency: string },
  bookings: readonly PosBooking[],
): Promise<readonly (Booked | null)[]> {
  const { merchantId, customerId, currency } = owner
  const shopifyCustomerGid = bookings.find((booking) => booking.shopifyCustomerGid !== null)?.shopifyCustomerGid ?? null
  const ref: AccountRef = { merchantId, customerId, shopifyCustomerGid, currency }
  const call = <R>(act: (stub: CustomerAccountStub) => Promise<R>) =>
    inTime(withRetry(() => customerAccount(env, merchantId, customerId), act))
  try {
    // Our own id exists only once something was booked; Shopify's opens the account.
    const byOurId = bookings.findIndex((booking) => booking.shopifyCustomerGid !== null)
    const mustExist = byOurId === -1 ? bookings.length : byOurId
    const unknown = mustExist > 0 && (await call((stub) => stub.balance(ref))) === null ? mustExist : 0
    const commands = bookings.slice(unknown).map(({ command }) => command)
    const outcomes = commands.length === 0 ? [] : await call((stub) => stub.executeBatch(ref, commands))
    return [...bookings.slice(0, unknown).map(() => UNKNOWN_CUSTOMER), ...outcomes.map(bookedOf)]
  } catch (error) {
    reportFailure('pos.book', { merchant_id: merchantId, customer_id: customerId }, error)
    return bookings.map(() => null)
  }
}

const UNKNOWN_CUSTOMER: Booked = {
  ok: false,
  refusal: refuse('customer_not_found', 'No account of the shop has this id.'),
}

function bookedOf(outcome: BatchOutcome): Booked {
  if (outcome.outcome === 'refused') return { ok: false, refusal: outcome.refusal }
  return { ok: true, points: outcome.points, overdraftPoints: outcome.overdraft }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the account does not answer')), ANSWER_MS)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
