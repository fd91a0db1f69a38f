import type { ObjectMigration } from '../migration.ts'
import { usage } from './0001-usage.ts'
import { shopifyAccess } from './0003-shopify-access.ts'

/** In the order of their numbers. */
export const MERCHANT_HUB_MIGRATIONS: readonly ObjectMigration[] = [usage, shopifyAccess]
