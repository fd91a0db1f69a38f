import type { ObjectMigration } from '../migration.ts'
import { ledger } from './0001-ledger.ts'
import { redemptions } from './0002-redemptions.ts'
import { merges } from './0003-merges.ts'

/** In the order of their numbers. */
export const CUSTOMER_ACCOUNT_MIGRATIONS: readonly ObjectMigration[] = [ledger, redemptions, merges]
