import { once } from 'node:events'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from 'vite'
import { z } from 'zod'
import { DevicePublicKey } from '../../domain/contracts/pos.ts'
import { launchBrowser } from '../testing/browser.ts'

/** The till's client in a real browser: it fits into a POS UI extension, and its key stays where it was made. */

const ENTRY = path.join(import.meta.dirname, '../../web/extensions/pos/till/index.ts')
const Bundles = z.array(z.object({ output: z.array(z.looseObject({ code: z.string() })) }))
const server = createServer((_request, response) => void response.end('<title>Till</title>'))
let browser: Browser
let code = ''
beforeAll(async () => {
  browser = await launchBrowser()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const lib = { entry: ENTRY, formats: ['iife' as const], name: 'Till', fileName: 'till' }
  const built = await build({ configFile: false, publicDir: false, logLevel: 'warn', build: { write: false, lib } })
  code = Bundles.parse(built)[0]?.output[0]?.code ?? ''
})
afterAll(async () => {
  await browser.close()
  server.close()
})

test('the client is small, and has nothing of the contract but its constants', () => {
  expect(gzipSync(code).length).toBeLessThan(6000)
})

test('a key is made once, survives the page, signs, and cannot be read', async () => {
  const page = await (await browser.newContext()).newPage()
  const address = server.address()
  const visit = async () => {
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`)
    await page.addScriptTag({ content: code })
    return page.evaluate(`(async () => {
      const keys = await Till.deviceKeys(crypto.subtle, Till.indexedDbKeyStore(indexedDB))
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, new Uint8Array(1))
      const read = await crypto.subtle.exportKey('pkcs8', keys.privateKey).then(() => 'read', ({ name }) => name)
      return { key: await Till.publicKeyOf(crypto.subtle, keys), bytes: signature.byteLength, read }
    })()`)
  }
  const first = await visit()
  expect(first).toMatchObject({ bytes: 64, read: 'InvalidAccessError' })
  expect(DevicePublicKey.safeParse(z.object({ key: z.unknown() }).parse(first).key).error).toBeUndefined()
  expect(await visit()).toEqual(first)
})
