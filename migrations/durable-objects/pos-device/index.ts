import type { ObjectMigration } from '../migration.ts'
import { device } from './0001-device.ts'

/** In the order of their numbers. */
export const POS_DEVICE_MIGRATIONS: readonly ObjectMigration[] = [device]
