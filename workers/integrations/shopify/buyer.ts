import type { Buyer } from '../../../domain/earning/facts.ts'
import { blindIndex } from '../../platform/crypto.ts'
import { payloadBuyer } from './facts.ts'
import type { OrderPayload } from './payloads.ts'

/** Whose order it is, as it may be kept: a guest's address only as a blind index. */
export async function buyerOf(env: Env, merchantId: string, order: OrderPayload): Promise<Buyer> {
  const buyer = payloadBuyer(order)
  switch (buyer.kind) {
    case 'customer':
      return { kind: 'customer', customer_gid: buyer.customerGid }
    case 'email':
      return { kind: 'guest', email_index: await blindIndex(env, merchantId, buyer.email) }
    case 'nobody':
      return buyer
  }
}
