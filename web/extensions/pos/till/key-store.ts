import { makeDeviceKeys, type TillCrypto } from './device.ts'

/** Keeps the till's key pair; what it keeps need not be readable. */
export interface KeyStore {
  load(): Promise<CryptoKeyPair | null>
  save(keys: CryptoKeyPair): Promise<void>
}

/** The key pair of this till, made at the first call. Kept before it is used: a key that is registered is never lost. */
export async function deviceKeys(subtle: TillCrypto, store: KeyStore): Promise<CryptoKeyPair> {
  const kept = await store.load()
  if (kept !== null) return kept
  const made = await makeDeviceKeys(subtle)
  await store.save(made)
  return made
}

const DATABASE = 'loyalnest-till'
const KEYS = 'keys'
const DEVICE = 'device'

/** IndexedDB takes keys as they are, unreadable ones too. */
export function indexedDbKeyStore(indexedDB: IDBFactory): KeyStore {
  return {
    load: () => inStore(indexedDB, 'readonly', (keys) => keys.get(DEVICE), isKeyPair),
    save: async (pair) => {
      await inStore(indexedDB, 'readwrite', (keys) => keys.put(pair, DEVICE), isKeyPair)
    },
  }
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  return typeof value === 'object' && value !== null && 'privateKey' in value && 'publicKey' in value
}

/** Resolves once the transaction is complete, with what was read if it is what it should be. */
async function inStore<T>(
  indexedDB: IDBFactory,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<IDBValidKey>,
  is: (value: unknown) => value is T,
): Promise<T | null> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(KEYS))
  await settled(opening, 'success')
  const database = opening.result
  try {
    const transaction = database.transaction(KEYS, mode, { durability: 'strict' })
    const request = ask(transaction.objectStore(KEYS))
    await settled(transaction, 'complete')
    return is(request.result) ? request.result : null
  } finally {
    database.close()
  }
}

function settled(target: IDBRequest | IDBTransaction, event: 'success' | 'complete'): Promise<void> {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, () => resolve())
    for (const failure of ['error', 'abort', 'blocked']) {
      target.addEventListener(failure, () => reject(target.error ?? new Error(`IndexedDB: ${failure}`)))
    }
  })
}
