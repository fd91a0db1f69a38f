import { Buffer } from 'node:buffer'

/**
 * API keys: `ln_<8 base32 characters>_<43 base64url characters>`. The first part is a public prefix by which people
 * recognise a key, the second 32 random bytes. Only an HMAC of the whole key is stored. Runs in Workers and in Node.
 */

const FORMAT = /^ln_[a-z2-7]{8}_[A-Za-z0-9_-]{43}$/
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** A new key: show `key` once, store `prefix` and the HMAC. */
export function newApiKey(): { readonly key: string; readonly prefix: string } {
  const prefix = `ln_${Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => BASE32.charAt(byte & 31)).join('')}`
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  return { key: `${prefix}_${secret}`, prefix }
}

/** Whether the text has the form of a key; says nothing about whether it exists. */
export function isApiKey(text: string): boolean {
  return FORMAT.test(text)
}

const pepperKeys = new Map<string, Promise<CryptoKey>>()

/**
 * HMAC-SHA256 (hex) of a key, as the directory stores it.
 * @param pepper base64 of 32 bytes (`API_KEY_PEPPER`).
 */
export async function apiKeyHmac(key: string, pepper: string): Promise<string> {
  let imported = pepperKeys.get(pepper)
  if (!imported) {
    imported = crypto.subtle.importKey('raw', Buffer.from(pepper, 'base64'), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    pepperKeys.set(pepper, imported)
  }
  const mac = await crypto.subtle.sign('HMAC', await imported, new TextEncoder().encode(key))
  return Buffer.from(mac).toString('hex')
}
