import type { DevicePublicKey } from '../../../../domain/contracts/pos.ts'
import { DEVICE_HEADERS, deviceSigningText } from '../../../../domain/contracts/pos-signing.ts'

/** The parts of WebCrypto that a till uses, as browsers, POS and Node have them. */
export interface TillCrypto {
  generateKey(algorithm: typeof ALGORITHM, extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey | CryptoKeyPair>
  exportKey(format: 'jwk', key: CryptoKey): Promise<ArrayBuffer | JsonWebKey>
  digest(algorithm: 'SHA-256', data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
  sign(algorithm: typeof SIGNATURE, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
}
type KeyUsage = 'sign' | 'verify'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

/** A key pair whose private half cannot leave this device: not even this program can read it. */
export async function makeDeviceKeys(subtle: TillCrypto): Promise<CryptoKeyPair> {
  const made = await subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  if (!('privateKey' in made)) throw new Error('No key pair was made.')
  return made
}

/** What the merchant registers at `POST /v1/api/devices`. */
export async function publicKeyOf(subtle: TillCrypto, { publicKey }: CryptoKeyPair): Promise<DevicePublicKey> {
  const exported = await subtle.exportKey('jwk', publicKey)
  const { x, y } = 'kty' in exported ? exported : {}
  if (x === undefined || y === undefined) throw new Error('The public key has no point.')
  return { kty: 'EC', crv: 'P-256', x, y }
}

/** The headers of a request that the device signs. `path` without the origin and without a query. */
export async function signedHeaders(
  subtle: TillCrypto,
  privateKey: CryptoKey,
  deviceId: string,
  path: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Record<string, string>> {
  const digest = new Uint8Array(await subtle.digest('SHA-256', body))
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const text = bytesOf(deviceSigningText('POST', path, deviceId, hex))
  const signature = new Uint8Array(await subtle.sign(SIGNATURE, privateKey, text))
  return {
    'content-type': 'application/json',
    [DEVICE_HEADERS.device]: deviceId,
    [DEVICE_HEADERS.signature]: btoa(String.fromCodePoint(...signature)),
  }
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text))
}
