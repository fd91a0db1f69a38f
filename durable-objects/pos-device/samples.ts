import { env } from 'cloudflare:workers'
import type { PosItemResult, PosSyncAnswer, ReservedCode } from '../../domain/contracts/pos.ts'
import { defaultSettings, type ProgramSettings, type VersionedSettings } from '../../domain/contracts/settings.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { readItems } from '../../domain/pos/read.ts'
import type { AccountRef, DeviceRef } from '../kernel/protocol.ts'
import { customerAccount, posDevice, posDeviceName } from '../kernel/stubs.ts'

/** What the tests of the tills say again and again. */

/** A till that no other test knows, of a shop that no other test knows. */
export function newTill(merchantId: string = crypto.randomUUID()): DeviceRef {
  return { merchantId, deviceId: crypto.randomUUID() }
}

export function tillStub(till: DeviceRef) {
  return posDevice(env, till.merchantId, till.deviceId)
}

/** The same object for the helpers of `cloudflare:test`, which want the raw stub. */
export function rawTillStub(till: DeviceRef) {
  return env.POS_DEVICE.getByName(posDeviceName(till.merchantId, till.deviceId))
}

/** One point for each full euro, and the limits of tills as a test wishes. */
export function settingsWith(
  pos: Partial<ProgramSettings['pos']> = {},
  more: Partial<ProgramSettings> = {},
): VersionedSettings {
  const settings = { ...defaultSettings('EUR', 'Europe/Berlin'), ...more }
  return {
    version: 1,
    updated_at: '2026-01-01T00:00:00.000Z',
    settings: { ...settings, pos: { ...settings.pos, ...pos } },
  }
}

/** The n-th customer of a shop, by Shopify's id. */
export function gidOf(customer: number): string {
  return `gid://shopify/Customer/${1_000 + customer}`
}

export function accountRef({ merchantId }: DeviceRef, customer: number): AccountRef {
  const shopifyCustomerGid = gidOf(customer)
  return {
    merchantId,
    customerId: customerIdOfGid(merchantId, shopifyCustomerGid),
    shopifyCustomerGid,
    currency: 'EUR',
  }
}

export function accountOf(till: DeviceRef, customer: number) {
  const ref = accountRef(till, customer)
  return { ref, stub: customerAccount(env, ref.merchantId, ref.customerId) }
}

/** Points of a customer: what is posted, debt included. */
export async function postedOf(till: DeviceRef, customer: number): Promise<number> {
  const { ref, stub } = accountOf(till, customer)
  return (await stub.balance(ref))?.posted ?? 0
}

/** Gives a customer points, as the shop's server does. */
export async function grant(till: DeviceRef, customer: number, points: number): Promise<void> {
  const { ref, stub } = accountOf(till, customer)
  const by = { source: 'api' as const, actor: 'api_key:test', effectiveAtMs: Date.now() }
  const terms = { lotDays: null, timeZone: 'Europe/Berlin' }
  await stub.executeBatch(ref, [
    { ...by, kind: 'earn_points', externalId: `activity:${crypto.randomUUID()}`, points, reason: null, terms },
  ])
}

type Fields = Readonly<Record<string, unknown>>

/** An item's id, the same for the same number. */
export function opIdOf(deviceSeq: number): string {
  return `op-${String(deviceSeq).padStart(8, '0')}`
}

/** A sale of so many euros. */
export function sale(deviceSeq: number, customer: number, amount: string, more: Fields = {}): Fields {
  return {
    op_id: opIdOf(deviceSeq),
    device_seq: deviceSeq,
    at: new Date().toISOString(),
    kind: 'earn',
    customer_id: gidOf(customer),
    amount,
    currency: 'EUR',
    ...more,
  }
}

export function redemption(deviceSeq: number, customer: number, code: string, more: Fields = {}): Fields {
  const at = new Date().toISOString()
  return {
    op_id: opIdOf(deviceSeq),
    device_seq: deviceSeq,
    at,
    kind: 'redeem',
    customer_id: gidOf(customer),
    code,
    ...more,
  }
}

export function nothing(deviceSeq: number): Fields {
  return { op_id: opIdOf(deviceSeq), device_seq: deviceSeq, at: new Date().toISOString(), kind: 'void' }
}

/** How a batch is sent. */
export interface Sending {
  readonly settings?: VersionedSettings
  /** The device's clock; by default it is right. */
  readonly sentAtMs?: number
  readonly receivedAtMs?: number
  readonly registeredAtMs?: number
}

/** Sends a batch; the device was registered thirty days ago. */
export async function send(till: DeviceRef, items: readonly unknown[], sending: Sending = {}): Promise<PosSyncAnswer> {
  const { receivedAtMs = Date.now(), settings = settingsWith() } = sending
  const { sentAtMs = receivedAtMs, registeredAtMs = receivedAtMs - 30 * 24 * 3_600_000 } = sending
  const upload = { sentAtMs, receivedAtMs, registeredAtMs, items: readItems(items) }
  const reply = await tillStub(till).sync(till, upload, settings)
  if (!reply.ok) throw new Error(reply.refusal.code)
  return reply.answer
}

/** `accepted`, `rejected/gap`, …: what became of each item, in the order of the request. */
export function summary({ results }: { readonly results: readonly PosItemResult[] }): string[] {
  return results.map(({ result, first_result, reason }) =>
    [result, ...(first_result === null ? [] : [first_result]), ...(reason === null ? [] : [reason])].join('/'),
  )
}

/** Codes for a reward of so many points. */
export async function reserve(
  till: DeviceRef,
  points: number,
  count: number,
  settings: VersionedSettings = settingsWith(),
  nowMs: number = Date.now(),
): Promise<readonly ReservedCode[]> {
  const reward = {
    id: crypto.randomUUID(),
    title: `${points} points off`,
    points,
    value: { type: 'amount_off', amount: '5.00' },
    conditions: {},
  }
  const reply = await tillStub(till).reserveCodes(till, reward, count, settings, nowMs)
  if (!reply.ok) throw new Error(reply.refusal.code)
  return reply.codes.filter(({ reward_id: rewardId }) => rewardId === reward.id)
}

/** The same list in another order, always the same one for the same seed. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
  return list
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value)
}
