import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DEVICE_HEADERS, deviceSigningText } from '../../../domain/contracts/pos-signing.ts'
import { type Shop, shopByMerchant } from '../../platform/control.ts'
import { knownDevice, type SigningDevice, signingDevice } from '../../platform/devices.ts'
import type { Caller } from '../../platform/handler.ts'
import type { Exchange } from '../exchange.ts'
import { Problem } from '../problem.ts'
import { bodyOf } from './body.ts'
import { countFailedAuthentication, limitFailedAuthentication } from './rate-limit.ts'

const DeviceId = z.uuid()
/** base64 of 64 bytes. */
const SIGNATURE = /^[A-Za-z0-9+/]{85}[AQgw]==$/

/**
 * The till that signed the request. Whether its key was revoked is told only to who has the key.
 * Throws 401 `device_unknown`, `device_signature_invalid`, `device_revoked`; 413; 429.
 */
export async function callerOfDevice(exchange: Exchange, bodyLimitBytes: number): Promise<Caller> {
  const { request } = exchange
  const id = DeviceId.safeParse(request.headers.get(DEVICE_HEADERS.device)?.toLowerCase())
  if (!id.success) throw new Problem('device_unknown', `Send the id of the device in ${DEVICE_HEADERS.device}.`)
  const signature = request.headers.get(DEVICE_HEADERS.signature) ?? ''
  if (!SIGNATURE.test(signature)) {
    const detail = `Send base64 of the 64 bytes of the signature in ${DEVICE_HEADERS.signature}.`
    throw new Problem('device_signature_invalid', detail)
  }
  const device = await deviceOf(exchange, id.data)
  if (!(await isSignedBy(exchange, device, signature, bodyLimitBytes))) {
    limitFailedAuthentication(exchange)
    countFailedAuthentication(exchange)
    throw new Problem('device_signature_invalid', "It is not the device's signature of this method, path and body.")
  }
  const shop = await activeShop(exchange, device)
  if (device.revokedAtMs !== null) throw new Problem('device_revoked', 'Register the device again, with a new key.')
  const { name } = device.device
  return { shop, principal: { kind: 'device', deviceId: id.data, name, registeredAtMs: device.registeredAtMs } }
}

async function deviceOf(exchange: Exchange, id: string): Promise<SigningDevice> {
  if (knownDevice(id) === undefined) limitFailedAuthentication(exchange)
  const device = await signingDevice(exchange.env, id)
  if (device) return device
  countFailedAuthentication(exchange)
  throw new Problem('device_unknown', 'No device has this id.')
}

async function activeShop({ env }: Exchange, { merchantId }: SigningDevice): Promise<Shop> {
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') throw new Problem('device_unknown', "The device's shop has uninstalled LoyalNest.")
  return shop
}

async function isSignedBy(
  exchange: Exchange,
  { device, verifyKey }: SigningDevice,
  signature: string,
  bodyLimitBytes: number,
): Promise<boolean> {
  const body = new Uint8Array(await bodyOf(exchange, bodyLimitBytes))
  const bodySha256 = createHash('sha256').update(body).digest('hex')
  const text = deviceSigningText(exchange.request.method, exchange.path, device.id, bodySha256)
  return crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    verifyKey,
    Buffer.from(signature, 'base64'),
    new TextEncoder().encode(text),
  )
}
