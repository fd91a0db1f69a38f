import { createHmac } from 'node:crypto'

/**
 * Codes of rewards, pure: `[PREFIX-]RRRR-RRRR-RRTT-[UUUU-]MMMM`. What the parts mean is said in `function-config.ts`. The
 * Shopify Function reads them by the same rule, in AssemblyScript: a test runs both over the same codes.
 */

/** Crockford's base 32: no I, L, O, U, so that nothing is misread and no word comes about. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const RANDOM_CHARACTERS = 10
const TERMS_CHARACTERS = 2
const STEPS_CHARACTERS = 4
const SIGNATURE_CHARACTERS = 4
const GROUP = /.{4}/g

/** Bytes of randomness that a code takes; of the last one only two bits. */
export const CODE_RANDOM_BYTES = 7

/** The most terms a reward can number, and the most steps a code can say, by their characters. */
export const MAX_TERMS_NUMBER = 32 ** TERMS_CHARACTERS - 1
export const MAX_CODE_STEPS = 32 ** STEPS_CHARACTERS - 1

/** What a code is made of. */
export interface CodeParts {
  /** The reward's key: base64 of 32 bytes. */
  readonly key: string
  /** {@link CODE_RANDOM_BYTES} bytes of a cryptographic generator. */
  readonly random: Uint8Array
  readonly termsNumber: number
  /** Null: the reward is not sliding. */
  readonly steps: number | null
  /** The digits of the Shopify customer's id. */
  readonly customer: string
  readonly prefix: string | null
}

/** What a code says of itself. */
export interface ReadCode {
  /** All before the signature, upper case, without separators and prefix. */
  readonly body: string
  readonly signature: string
  readonly termsNumber: number
  readonly steps: number | null
}

/** Writes a code. @throws RangeError where a number does not fit its characters, or there is too little randomness. */
export function composeCode({ key, random, termsNumber, steps, customer, prefix }: CodeParts): string {
  if (random.length < CODE_RANDOM_BYTES) throw new RangeError(`a code takes ${CODE_RANDOM_BYTES} random bytes`)
  const body =
    leadingCharacters(random, RANDOM_CHARACTERS) +
    numberText(termsNumber, TERMS_CHARACTERS) +
    (steps === null ? '' : numberText(steps, STEPS_CHARACTERS))
  const groups = `${body}${signatureOf(key, body, customer)}`.match(GROUP) ?? []
  return [...(prefix === null ? [] : [prefix]), ...groups].join('-')
}

/**
 * Reads a code however it was typed: lower case, with other separators or none. The prefix is whatever comes before.
 * @returns undefined where it cannot be one of a reward that is sliding, or is not.
 */
export function parseCode(text: string, sliding: boolean): ReadCode | undefined {
  const length = RANDOM_CHARACTERS + TERMS_CHARACTERS + (sliding ? STEPS_CHARACTERS : 0) + SIGNATURE_CHARACTERS
  const characters = text
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .slice(-length)
  if (characters.length < length || !isBase32(characters)) return undefined
  const body = characters.slice(0, -SIGNATURE_CHARACTERS)
  const stepsAt = RANDOM_CHARACTERS + TERMS_CHARACTERS
  return {
    body,
    signature: characters.slice(-SIGNATURE_CHARACTERS),
    termsNumber: numberOf(body.slice(RANDOM_CHARACTERS, stepsAt)),
    steps: sliding ? numberOf(body.slice(stepsAt)) : null,
  }
}

/** The code's terms and steps if it was made with this key for this customer; else undefined. */
export function verifyCode(
  text: string,
  { key, customer, sliding }: { readonly key: string; readonly customer: string; readonly sliding: boolean },
): Pick<ReadCode, 'termsNumber' | 'steps'> | undefined {
  const code = parseCode(text, sliding)
  // Not in constant time: twenty bits for one customer, behind the shop's own limit of tries.
  if (code === undefined || signatureOf(key, code.body, customer) !== code.signature) return undefined
  return { termsNumber: code.termsNumber, steps: code.steps }
}

const SHAPE = /^(?:[A-Z0-9]{2,10}-)?(?:[0-9A-HJKMNP-TV-Z]{4}-){3,4}[0-9A-HJKMNP-TV-Z]{4}$/i

/** Whether a code of an order may be of a reward, by its shape alone; the account knows for certain. */
export function looksLikeOurs(text: string): boolean {
  return SHAPE.test(text)
}

/** How a code is stored and compared: Shopify takes it in any case. */
export function canonicalCode(text: string): string {
  return text.trim().toUpperCase()
}

/**
 * The obligatory first code of a reward's discount. It carries no signature that holds, so it gives nothing to anybody;
 * it finds the discount again if the answer of its creation was lost.
 * @param replacedGid the discount that was deleted in the shop, which may not let go of its codes at once.
 */
export function firstCodeOf(rewardId: string, replacedGid: string | null = null): string {
  const replaced = replacedGid === null ? '' : `-AFTER-${replacedGid.replace(/.*\//, '')}`
  return `LN-REWARD-${rewardId.replaceAll('-', '').slice(0, 12).toUpperCase()}${replaced}`
}

function signatureOf(key: string, body: string, customer: string): string {
  const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(`${body}|${customer}`, 'utf8').digest()
  return leadingCharacters(mac, SIGNATURE_CHARACTERS)
}

/** The first `5 · count` bits of the bytes. */
function leadingCharacters(bytes: Uint8Array, count: number): string {
  let bits = 0n
  for (const byte of bytes.subarray(0, CODE_RANDOM_BYTES)) bits = (bits << 8n) | BigInt(byte)
  const surplus = BigInt(CODE_RANDOM_BYTES * 8 - count * 5)
  return numberText(Number(bits >> surplus), count)
}

function numberText(value: number, count: number): string {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 32 ** count) {
    throw new RangeError(`${value} does not fit ${count} characters`)
  }
  let text = ''
  for (let rest = value; text.length < count; rest = Math.floor(rest / 32)) text = ALPHABET.charAt(rest % 32) + text
  return text
}

function numberOf(text: string): number {
  let value = 0
  for (const character of text) value = value * 32 + ALPHABET.indexOf(character)
  return value
}

function isBase32(text: string): boolean {
  return /^[0-9A-HJKMNP-TV-Z]*$/.test(text)
}
