import { createHash } from 'node:crypto'
import { DEVICE_HEADERS, deviceSigningText } from '../../domain/contracts/pos-signing.ts'
import { Device, type DevicePublicKey, DevicePublicKey as PublicKey } from '../../domain/contracts/pos.ts'
import { call, post, type TestShop } from './testing.ts'

/** A till of one test, with its private key. */
export interface TestDevice {
  readonly id: string
  readonly privateKey: CryptoKey
  readonly publicKey: DevicePublicKey
}

/** A key pair as a till makes it. */
export async function newDeviceKey(): Promise<Omit<TestDevice, 'id'>> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('ECDSA has key pairs')
  const { kty, crv, x, y } = PublicKey.loose().parse(await crypto.subtle.exportKey('jwk', pair.publicKey))
  return { privateKey: pair.privateKey, publicKey: { kty, crv, x, y } }
}

/** A registered till of the shop. */
export async function newDevice(shop: TestShop): Promise<TestDevice> {
  const keys = await newDeviceKey()
  const response = await post('/v1/api/devices', shop.key, { name: 'Till 1', public_key: keys.publicKey })
  return { ...keys, id: Device.parse(await response.json()).id }
}

/** The headers with which a till signs a request. */
export async function signed(
  { id, privateKey }: TestDevice,
  method: string,
  path: string,
  body: string,
): Promise<Record<string, string>> {
  const bodySha256 = createHash('sha256').update(body, 'utf8').digest('hex')
  const text = new TextEncoder().encode(deviceSigningText(method, path, id, bodySha256))
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, text)
  return { [DEVICE_HEADERS.device]: id, [DEVICE_HEADERS.signature]: Buffer.from(signature).toString('base64') }
}

/** A signed POST of a till; `headers` may spoil it. */
export async function postSigned(
  device: TestDevice,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const text = JSON.stringify(body)
  return call(path, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', ...(await signed(device, 'POST', path, text)), ...headers },
  })
}
