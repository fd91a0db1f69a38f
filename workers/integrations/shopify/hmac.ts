import { Buffer } from 'node:buffer'

const MAC_BYTES = 32
const importedKeys = new Map<string, Promise<readonly CryptoKey[]>>()

/**
 * The HMAC keys of our client secrets, imported once an isolate.
 * @param secrets comma-separated, the current one first, the previous one after it while it rotates.
 */
function keysOf(secrets: string): Promise<readonly CryptoKey[]> {
  let keys = importedKeys.get(secrets)
  if (!keys) {
    const names = secrets.split(',').map((secret) => secret.trim())
    keys = Promise.all(
      names
        .filter((secret) => secret !== '')
        .map((secret) =>
          crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
            'verify',
          ]),
        ),
    )
    importedKeys.set(secrets, keys)
  }
  return keys
}

async function verify(secrets: string, mac: Buffer, data: BufferSource): Promise<boolean> {
  if (mac.byteLength !== MAC_BYTES) return false
  const bytes = new Uint8Array(mac)
  for (const key of await keysOf(secrets)) {
    if (await crypto.subtle.verify('HMAC', key, bytes, data)) return true
  }
  return false
}

/** Whether one of the secrets signed these raw bytes. `signature`: base64, as `X-Shopify-Hmac-Sha256` has it. */
export function isSignedWebhook(secrets: string, body: BufferSource, signature: string): Promise<boolean> {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(signature)) return Promise.resolve(false)
  return verify(secrets, Buffer.from(signature, 'base64'), body)
}

/** Whether one of the secrets signed this text. `signature`: hex, as the app proxy has it. */
export function isSignedText(secrets: string, text: string, signature: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return Promise.resolve(false)
  return verify(secrets, Buffer.from(signature, 'hex'), new TextEncoder().encode(text))
}
