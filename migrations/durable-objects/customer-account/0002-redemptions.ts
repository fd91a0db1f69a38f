import type { ObjectMigration } from '../migration.ts'

/**
 * Redemptions of rewards, newest last. `record` holds all of one (`RedemptionRecord`); the other columns are what it is
 * looked for by. As with the ledger's entries, a row is its own outbox: what is newer than `relayed_version` is unsent.
 * `is_open` marks the few that the object keeps in memory: unsent, or with something still to come.
 */
export const redemptions: ObjectMigration = {
  name: '0002_redemptions',
  sql: `
CREATE TABLE redemptions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  code TEXT NOT NULL,
  reward_id TEXT NOT NULL,
  state TEXT NOT NULL,
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  relayed_version INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;

CREATE INDEX redemptions_by_code ON redemptions (code);

CREATE INDEX redemptions_open ON redemptions (is_open) WHERE is_open = 1;
`,
}
