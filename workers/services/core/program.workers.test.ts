import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { VersionedSettings } from '../../../domain/contracts/settings.ts'
import { DEFAULT_WIDGET } from '../../../domain/contracts/widget.ts'
import { readSettings } from '../../platform/control.ts'
import { installShop } from '../../platform/install.ts'
import { readProgram, replaceCopy } from './program.ts'

/** A merchant of one test, with default settings in D1 and no copy of them in KV. */
async function newMerchant(): Promise<string> {
  const domain = `t-${crypto.randomUUID()}.myshopify.com`
  const shop = { domain, currency: 'EUR', timeZone: 'Europe/Berlin', plan: 'free', storefrontOrigins: [], nowMs: 1 }
  return installShop(env.CONTROL, shop)
}

const copyOf = (merchantId: string) => env.SETTINGS_COPY.get(`settings:${merchantId}`)
const program = (merchantId: string, from: Env = env) => readProgram(from, merchantId, 'test')

/** Stores settings in D1 as their next version, behind the copy's back. */
async function store(merchantId: string, version: number, body: unknown): Promise<void> {
  await env.CONTROL.prepare(
    `INSERT INTO program_settings (merchant_id, version, body, updated_at_ms, updated_by) VALUES (?1, ?2, ?3, 1, 'test')`,
  )
    .bind(merchantId, version, JSON.stringify(body))
    .run()
}

describe('the program for storefront pages', () => {
  it('comes from D1 where there is no copy, which it makes', async () => {
    const merchantId = await newMerchant()
    expect(await program(merchantId)).toMatchObject({
      version: 1,
      currency: 'EUR',
      widget: DEFAULT_WIDGET,
      ways_to_earn: [{ kind: 'order', points: 1, per_amount: '1' }],
    })
    await vi.waitFor(async () => expect(await copyOf(merchantId)).toContain('"version":1'))
  })

  it('comes from the copy, and D1 is asked afterwards: a copy that is behind is replaced', async () => {
    const merchantId = await newMerchant()
    const first = await readSettings(env, merchantId)
    await env.SETTINGS_COPY.put(`settings:${merchantId}`, JSON.stringify(first))
    const off = { ...first.settings, earning: { ...first.settings.earning, enabled: false } }
    await store(merchantId, 2, off)
    expect(await program(merchantId)).toMatchObject({ version: 1 })
    await vi.waitFor(async () => expect(await copyOf(merchantId)).toContain('"version":2'))
    expect(await program(merchantId)).toMatchObject({ version: 2, ways_to_earn: [] })
  })

  it('is that of the settings just saved', async () => {
    const merchantId = await newMerchant()
    await program(merchantId)
    const { settings } = await readSettings(env, merchantId)
    await store(merchantId, 2, settings)
    replaceCopy(
      env,
      merchantId,
      JSON.stringify({ version: 2, updated_at: new Date(0).toISOString(), settings }),
      'test',
    )
    await vi.waitFor(async () => expect(await program(merchantId)).toMatchObject({ version: 2 }))
  })

  it('reads settings that were stored before there was a widget, and copies that nobody understands', async () => {
    const merchantId = await newMerchant()
    const { widget: _, ...old } = (await readSettings(env, merchantId)).settings
    await store(merchantId, 2, old)
    await env.SETTINGS_COPY.put(`settings:${merchantId}`, '{"version":7,"settings":{"shape":"of another time"}}')
    expect(await program(merchantId)).toMatchObject({ version: 2, widget: DEFAULT_WIDGET })
    await vi.waitFor(async () => {
      const copy: unknown = JSON.parse((await copyOf(merchantId)) ?? '')
      expect(VersionedSettings.safeParse(copy).data?.version).toBe(2)
    })
  })

  it('comes from D1 while KV is not there', async () => {
    const down = { get: () => Promise.reject(new Error('down')), put: () => Promise.reject(new Error('down')) }
    const SETTINGS_COPY: KVNamespace = Object.assign(Object.create(env.SETTINGS_COPY), down)
    expect(await program(await newMerchant(), { ...env, SETTINGS_COPY })).toMatchObject({ version: 1 })
  })
})
