import type { ObjectMigration } from '../migration.ts'
import { ledger } from './0001-ledger.ts'

/** In the order of their numbers. */
export const CUSTOMER_ACCOUNT_MIGRATIONS: readonly ObjectMigration[] = [ledger]
