import { Value, property, text, truth } from './input'
import { hmacSha256Head } from './sha256'

/**
 * A code, as domain/rewards/function-config.ts describes it:
 * `[PREFIX-]RRRR-RRRR-RRTT-[UUUU-]MMMM` in Crockford's base 32.
 */
const RANDOM = 10
const TERMS = 2
const STEPS = 4
const SIGNATURE = 4
const KEY_BYTES = 32

/** What a code that may be used says. */
export class Code {
  constructor(
    public readonly termsNumber: i32,
    /** How many steps were paid for; 1 if the reward's cost is fixed. */
    public readonly steps: u32,
  ) {}
}

/** Reads the code and checks that it was made with the reward's key for this customer; else null. */
export function verify(entered: string, customerGid: string, config: Value): Code | null {
  const sliding = truth(property(config, 'sliding'))
  const length = RANDOM + TERMS + (sliding ? STEPS : 0) + SIGNATURE
  const plain = plainly(entered)
  if (plain.length < length) return null
  const code = plain.substring(plain.length - length)
  const customer = digitsAtEnd(customerGid)
  const key = base64(text(property(config, 'key')))
  if (customer.length == 0 || key === null || key.length != KEY_BYTES) return null

  const signed = length - SIGNATURE
  const signature = base32(code, signed, SIGNATURE)
  if (signature < 0) return null
  const message = String.UTF8.encode(code.substring(0, signed) + '|' + customer)
  const head = hmacSha256Head(changetype<usize>(key), KEY_BYTES, changetype<usize>(message), message.byteLength)
  if (head >> 12 != <u32>signature) return null

  const termsNumber = base32(code, RANDOM, TERMS)
  const steps = sliding ? base32(code, RANDOM + TERMS, STEPS) : 1
  return steps < 1 ? null : new Code(termsNumber, steps)
}

/** Without separators, upper case. */
function plainly(entered: string): string {
  let plain = ''
  for (let i = 0; i < entered.length; i++) {
    const char = entered.charCodeAt(i)
    if (isDigit(char) || (char >= 0x41 && char <= 0x5a)) plain += String.fromCharCode(char)
    else if (char >= 0x61 && char <= 0x7a) plain += String.fromCharCode(char - 0x20)
  }
  return plain
}

/** gid://shopify/Customer/123 → 123. */
function digitsAtEnd(gid: string): string {
  let from = gid.length
  while (from > 0 && isDigit(gid.charCodeAt(from - 1))) from--
  return gid.substring(from)
}

function isDigit(char: i32): bool {
  return char >= 0x30 && char <= 0x39
}

/** The number that `length` characters from `from` mean; -1 if one is not of Crockford's alphabet. */
function base32(code: string, from: i32, length: i32): i32 {
  let number = 0
  for (let i = from; i < from + length; i++) {
    const digit = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(code.charAt(i))
    if (digit < 0) return -1
    number = (number << 5) | digit
  }
  return number
}

/** Bytes of padded base64; null if it is none. */
function base64(encoded: string): StaticArray<u8> | null {
  const length = encoded.length
  if (length == 0 || length % 4 != 0) return null
  const padding = encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0
  const bytes = new StaticArray<u8>((length / 4) * 3 - padding)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < length - padding; i++) {
    const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(encoded.charAt(i))
    if (digit < 0) return null
    bits = (bits << 6) | digit
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = <u8>(bits >> held)
    }
  }
  return bytes
}
