import type { ObjectMigration } from '../migration.ts'

/**
 * One till. Times are milliseconds since 1970 (UTC).
 * - `records`: every item that came for the first time (`PosRecord`), and the outbox of their events: what is newer than
 *   `relayed_version` is unsent. `op_id` is null where another record has it. `deciding`: the merchant's decision
 *   (JSON) while it is being booked.
 * - `devices.plan`: items (JSON) whose booking is under way: written before the accounts are asked, gone with their records.
 * - `codes.used_by`: the record's device_seq.
 */
export const device: ObjectMigration = {
  name: '0001_device',
  sql: `
CREATE TABLE devices (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  merchant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  next_device_seq INTEGER NOT NULL CHECK (next_device_seq >= 1),
  records INTEGER NOT NULL CHECK (records >= 0),
  uploads TEXT NOT NULL,
  overdraft_day TEXT NOT NULL,
  overdraft_points INTEGER NOT NULL CHECK (overdraft_points >= 0),
  revoked_at_ms INTEGER,
  plan TEXT
) STRICT;

CREATE TABLE records (
  record INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  op_id TEXT UNIQUE,
  version INTEGER NOT NULL,
  relayed_version INTEGER NOT NULL CHECK (relayed_version BETWEEN 0 AND version),
  deciding TEXT,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX records_unsent ON records (record) WHERE relayed_version < version;

CREATE TABLE codes (
  code TEXT PRIMARY KEY,
  reward_id TEXT NOT NULL,
  title TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points > 0),
  expires_at_ms INTEGER NOT NULL,
  used_by INTEGER,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
}
