import { createHash } from 'node:crypto'
import { CustomerId, type CustomerRef } from '../contracts/ids.ts'

/** UUIDv5 (RFC 9562 §5.5): SHA-1 of the namespace's bytes and the name. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest()
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The customer id of a Shopify customer at a merchant. */
export function customerIdOfGid(merchantId: string, customerGid: string): CustomerId {
  return CustomerId.parse(uuidV5(merchantId, customerGid))
}

/** The customer id of a guest, known by the blind index (64 hex digits) of the e-mail address. */
export function customerIdOfGuest(merchantId: string, emailIndex: string): CustomerId {
  return CustomerId.parse(uuidV5(merchantId, `guest:${emailIndex}`))
}

/** The customer id that a caller means: the id itself, or the one derived from a gid or its digits. */
export function resolveCustomerRef(
  merchantId: string,
  ref: CustomerRef,
): { customerId: CustomerId; gid: string | null } {
  if (/^[0-9]+$/.test(ref)) return resolveCustomerRef(merchantId, `gid://shopify/Customer/${ref}`)
  if (ref.startsWith('gid://')) return { customerId: customerIdOfGid(merchantId, ref), gid: ref }
  return { customerId: CustomerId.parse(ref), gid: null }
}
