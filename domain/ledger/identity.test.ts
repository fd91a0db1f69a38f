import { describe, expect, it } from 'vitest'
import { customerIdOfGid, customerIdOfGuest, resolveCustomerRef } from './identity.ts'

const MERCHANT = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
const GID = 'gid://shopify/Customer/115310627314723954'

describe("a customer's id", () => {
  it('is a UUIDv5 (example of RFC 9562, A.4)', () => {
    expect(customerIdOfGid(MERCHANT, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2')
  })

  it('of a guest is derived from the blind index of the address', () => {
    expect(customerIdOfGuest(MERCHANT, 'a'.repeat(64))).toBe(customerIdOfGid(MERCHANT, `guest:${'a'.repeat(64)}`))
  })

  it('is taken as it is when it begins with digits', () => {
    const id = '12345678-e927-568b-95e1-2665a8aea6a2'
    expect(resolveCustomerRef(MERCHANT, id)).toEqual({ customerId: id, gid: null })
  })

  it('is the same however the customer is named, also beyond 2^53', () => {
    const customerId = customerIdOfGid(MERCHANT, GID)
    expect(resolveCustomerRef(MERCHANT, GID)).toEqual({ customerId, gid: GID })
    expect(resolveCustomerRef(MERCHANT, '115310627314723954')).toEqual({ customerId, gid: GID })
    expect(resolveCustomerRef(MERCHANT, customerId)).toEqual({ customerId, gid: null })
  })

  it("is another one at another merchant, and a guest's is never a customer's", () => {
    const other = '3f2a1c4e-55d4-4c0f-8f0a-6a1d2b3c4d5e'
    const ids = [customerIdOfGid(MERCHANT, GID), customerIdOfGid(other, GID), customerIdOfGuest(MERCHANT, GID)]
    expect(new Set(ids).size).toBe(3)
  })
})
