import { Buffer } from 'node:buffer'

/**
 * Personal data at rest: AES-256-GCM with a key derived for each merchant (HKDF-SHA-256 from `DATA_KEK`), and a blind
 * index by which an e-mail address is found again without being stored. Imported keys stay in the isolate.
 */

/** What a sealed value belongs to. It is authenticated: moved to another row or column it does not open. */
export interface SealedPlace {
  readonly merchantId: string
  /** `table.column`. */
  readonly column: string
  /** The row's id. */
  readonly row: string
}

interface MerchantKeys {
  readonly sealing: CryptoKey
  readonly indexing: CryptoKey
}

const NONCE_BYTES = 12
const KEPT_MERCHANTS = 1_000
const utf8 = new TextEncoder()
const merchantKeys = new Map<string, Promise<MerchantKeys>>()

async function deriveKeys(dataKek: string, merchantId: string): Promise<MerchantKeys> {
  const bytes = Buffer.from(dataKek, 'base64')
  if (bytes.byteLength !== 32) throw new Error('DATA_KEK must be base64 of 32 bytes')
  const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const from = (purpose: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: utf8.encode(merchantId),
    info: utf8.encode(`loyalnest/${purpose}/v1`),
  })
  const [sealing, indexing] = await Promise.all([
    crypto.subtle.deriveKey(from('seal'), root, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    crypto.subtle.deriveKey(from('blind-index'), root, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']),
  ])
  return { sealing, indexing }
}

function keysOf(env: Pick<Env, 'DATA_KEK'>, merchantId: string): Promise<MerchantKeys> {
  const name = `${merchantId}:${env.DATA_KEK}`
  let keys = merchantKeys.get(name)
  if (!keys) {
    if (merchantKeys.size >= KEPT_MERCHANTS) merchantKeys.clear()
    keys = deriveKeys(env.DATA_KEK, merchantId)
    merchantKeys.set(name, keys)
  }
  return keys
}

function associatedData({ merchantId, column, row }: SealedPlace) {
  return utf8.encode(JSON.stringify(['v1', merchantId, column, row]))
}

/** Encrypts a text for one place. Answers base64 of nonce and ciphertext. */
export async function seal(env: Pick<Env, 'DATA_KEK'>, place: SealedPlace, text: string): Promise<string> {
  const { sealing: key } = await keysOf(env, place.merchantId)
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: associatedData(place) },
    key,
    utf8.encode(text),
  )
  return Buffer.concat([nonce, Buffer.from(sealed)]).toString('base64')
}

/** Decrypts what {@link seal} made for the same place. Throws when it was changed, moved, or sealed by another key. */
export async function open(env: Pick<Env, 'DATA_KEK'>, place: SealedPlace, sealed: string): Promise<string> {
  const { sealing: key } = await keysOf(env, place.merchantId)
  const bytes = Buffer.from(sealed, 'base64')
  const text = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.subarray(0, NONCE_BYTES), additionalData: associatedData(place) },
    key,
    bytes.subarray(NONCE_BYTES),
  )
  return new TextDecoder().decode(text)
}

/** How an address is compared: without surrounding space, in lower case, composed (NFC). */
export function normalizeEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase()
}

/** HMAC-SHA256 (64 hex digits) of the normalized address with the merchant's key: equal addresses, equal index. */
export async function blindIndex(env: Pick<Env, 'DATA_KEK'>, merchantId: string, email: string): Promise<string> {
  const { indexing } = await keysOf(env, merchantId)
  const mac = await crypto.subtle.sign('HMAC', indexing, utf8.encode(normalizeEmail(email)))
  return Buffer.from(mac).toString('hex')
}
