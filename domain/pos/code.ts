/**
 * Codes reserved for a till: 128 random bits in Crockford's base 32 (no I, L, O, U), in groups that people can read:
 * `XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX`. They are LoyalNest's own and no discount of the shop.
 */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CHARACTERS = 26

/** Bytes of randomness that a code takes. */
export const POS_CODE_BYTES = 16

/** @throws RangeError where there is too little randomness. */
export function posCode(random: Uint8Array): string {
  if (random.length < POS_CODE_BYTES) throw new RangeError(`a code takes ${POS_CODE_BYTES} random bytes`)
  let bits = 0n
  for (const byte of random.subarray(0, POS_CODE_BYTES)) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (; text.length < CHARACTERS; bits >>= 5n) text = ALPHABET.charAt(Number(bits & 31n)) + text
  return text.replaceAll(/^(.{5})(.{5})(.{5})(.{5})(.{6})$/g, '$1-$2-$3-$4-$5')
}
