import type { ObjectMigration } from '../migration.ts'
import { usage } from './0001-usage.ts'

/** In the order of their numbers. */
export const MERCHANT_HUB_MIGRATIONS: readonly ObjectMigration[] = [usage]
