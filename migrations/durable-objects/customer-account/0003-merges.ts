import type { ObjectMigration } from '../migration.ts'

/**
 * Expiry by silence, and merged accounts.
 * - `lots.inactivity`: JSON of `Inactivity`, or null.
 * - `accounts.merged_from`: JSON list of customer ids. `merge_delivered_seq`: up to which entry the account that this one
 *   was merged into has everything; what a later merge_out carries is still on its way. `merge_target_gid`: that account's
 *   Shopify customer, where it is known.
 * - `redemptions.order_gid`: the order that used the code, whose refunds give points back.
 */
export const merges: ObjectMigration = {
  name: '0003_merges',
  sql: `
ALTER TABLE accounts ADD COLUMN last_activity_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN merged_from TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN merge_delivered_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN merge_target_gid TEXT;
ALTER TABLE lots ADD COLUMN inactivity TEXT;
ALTER TABLE redemptions ADD COLUMN order_gid TEXT;
UPDATE redemptions SET order_gid = json_extract(record, '$.orderGid');
CREATE INDEX redemptions_by_order ON redemptions (order_gid) WHERE order_gid IS NOT NULL;
UPDATE accounts SET last_activity_at_ms = COALESCE((
  SELECT MAX(recorded_at_ms) FROM entries
  WHERE type IN ('earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import')), 0);
`,
}
