import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { TillStorage } from '../../web/extensions/pos/till/storage.ts'

/** A till's storage as files of a folder: a value is there as it was or as it is, also after a power cut. */
export function fileStorage(folder: string): TillStorage {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fileOf = (key: string) => path.join(folder, `${key}.json`)
  return {
    get: async (key) => {
      const text = await readFile(fileOf(key), 'utf8').catch(absent)
      return text === undefined ? undefined : JSON.parse(text)
    },
    set: async (key, value) => {
      const written = `${fileOf(key)}.new`
      const file = await open(written, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(value))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(written, fileOf(key))
    },
    delete: (key) => rm(fileOf(key), { force: true }),
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}

const Jwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() })
const KeyFile = z.object({ privateKey: Jwk.extend({ d: z.string() }), publicKey: Jwk })
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * The key pair of a till on a computer, which has nowhere to keep a key that cannot be read: a file for its owner only. A
 * browser keeps a key that cannot leave it, see `web/extensions/pos/till/key-store.ts`.
 */
export async function fileKeys(folder: string): Promise<CryptoKeyPair> {
  const storage = fileStorage(folder)
  const stored = await storage.get('key')
  if (stored !== undefined) return importKeys(stored)
  const made = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  if (!('privateKey' in made)) throw new Error('No key pair was made.')
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.exportKey('jwk', made.privateKey),
    crypto.subtle.exportKey('jwk', made.publicKey),
  ])
  await storage.set('key', { privateKey, publicKey })
  return importKeys({ privateKey, publicKey })
}

async function importKeys(text: unknown): Promise<CryptoKeyPair> {
  const stored = KeyFile.parse(text)
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', stored.privateKey, ALGORITHM, false, ['sign']),
    crypto.subtle.importKey('jwk', stored.publicKey, ALGORITHM, true, ['verify']),
  ])
  return { privateKey, publicKey }
}

/**
 * Keeps other processes out of the folder, since one till is one program. What a killed one left behind does not count.
 * @returns lets go of it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'lock')
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid > 0 && isAlive(pid)) throw new Error(`Another process (${pid}) uses the till in ${folder}.`)
    writeFileSync(file, String(process.pid))
  }
  return () => rmSync(file, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
