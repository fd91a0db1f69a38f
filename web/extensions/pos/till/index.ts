/** The till's client, for whoever builds a till: docs/pos-client.md tells how it is used. */
export { makeDeviceKeys, publicKeyOf, type TillCrypto } from './device.ts'
export type { RejectedItem, Sale, Taking } from './items.ts'
export { deviceKeys, indexedDbKeyStore, type KeyStore } from './key-store.ts'
export { TillQueue, type TillQueueOptions, type TillSummary } from './queue.ts'
export { TillBroken, TillFull, type TillStorage } from './storage.ts'
export { type SyncState, type TillProblem, TillSync, type TillSyncOptions } from './sync.ts'
