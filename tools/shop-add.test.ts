import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { apiKeyHmac } from '../workers/platform/api-key.ts'
import { inline } from './shop-add.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const PEPPER = Buffer.alloc(32, 7).toString('base64')
const state = mkdtempSync(path.join(tmpdir(), 'loyalnest-d1-'))
const where = ['--local', '--persist-to', state]
const node = (...args: string[]) =>
  execFileSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, API_KEY_PEPPER: PEPPER, CI: '1', WRANGLER_LOG: 'log', WRANGLER_SEND_METRICS: 'false' },
  })
const wrangler = (...args: string[]) => node('node_modules/wrangler/bin/wrangler.js', 'd1', ...args, ...where)
const rows = (sql: string) =>
  z
    .array(z.object({ results: z.array(z.record(z.string(), z.unknown())) }))
    .parse(JSON.parse(wrangler('execute', 'CONTROL', '--command', sql, '--json')))
    .flatMap(({ results }) => results)
const addShop = (...more: readonly string[]) => {
  const shop = ['--shop', 'x.myshopify.com', '--currency', 'EUR', '--time-zone', 'Europe/Berlin']
  return node('tools/shop-add.ts', ...shop, ...more, ...where)
}
const addKeyToNobody = () => addShop('--shop', 'nobody.myshopify.com', '--key-only')
const keyOf = (output: string) => /API key +(\S+)/.exec(output)?.[1] ?? ''
const addWrongShop = () => node('tools/shop-add.ts', '--shop', 'nonsense', '--currency', 'euro', ...where)

afterAll(() => {
  rmSync(state, { recursive: true, force: true })
})

describe('shop:add', () => {
  it('enters the shop once and makes a key that the Worker will know', { timeout: 60_000 }, async () => {
    wrangler('migrations', 'apply', 'CONTROL')
    const [first, second] = [addShop(), addShop()]
    expect(keyOf(first)).toMatch(/^ln_/)
    expect(keyOf(second)).not.toBe(keyOf(first))

    const shops = rows('SELECT domain, status, merchant_id FROM shops')
    expect(shops).toEqual([{ domain: 'x.myshopify.com', status: 'active', merchant_id: expect.any(String) }])
    const keys = rows('SELECT merchant_id, key_hmac FROM api_keys')
    expect(keys.map(({ merchant_id }) => merchant_id)).toEqual([shops[0]?.['merchant_id'], shops[0]?.['merchant_id']])
    expect(keys.map(({ key_hmac }) => key_hmac)).toContain(await apiKeyHmac(keyOf(first), PEPPER))
  })

  it('makes a further key, for a second person, without touching the shop', { timeout: 60_000 }, () => {
    const shops = () => rows('SELECT * FROM shops')
    const [before, keys] = [shops(), rows('SELECT id FROM api_keys').length]
    expect(keyOf(addShop('--key-only', '--plan', 'other'))).toMatch(/^ln_/)
    expect(rows('SELECT id FROM api_keys')).toHaveLength(keys + 1)
    expect(shops()).toEqual(before)
    expect(addKeyToNobody).toThrow('There is no shop nobody.myshopify.com there.')
  })

  it('says what is wrong with an option', () => {
    expect(addWrongShop).toThrow(/shop[\s\S]*currency/)
  })

  it('quotes text so that it stays text', () => {
    const command = { sql: 'INSERT INTO t VALUES (?1, ?2, ?3, ?1)', params: ["O'Neil'); DROP TABLE t; --", 5, null] }
    expect(inline(command)).toBe(
      "INSERT INTO t VALUES ('O''Neil''); DROP TABLE t; --', 5, NULL, 'O''Neil''); DROP TABLE t; --')",
    )
  })
})
