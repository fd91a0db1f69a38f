import type { ObjectMigration } from '../migration.ts'
import { usage } from './0001-usage.ts'
import { rewardSlots } from './0002-reward-slots.ts'
import { shopifyAccess } from './0003-shopify-access.ts'

/** In the order of their numbers. */
export const MERCHANT_HUB_MIGRATIONS: readonly ObjectMigration[] = [usage, rewardSlots, shopifyAccess]
