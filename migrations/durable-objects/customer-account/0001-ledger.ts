import type { ObjectMigration } from '../migration.ts'

/**
 * The ledger of one customer. Each written row is billed, an index entry too, and each table is a page of each customer's
 * database. An ordinary order writes two rows for its entry (itself and its external id), one lot and the account:
 * - The account's row also holds the identity, the relay's cursor, and, as JSON, the open holds and the pending points:
 *   few, short-lived, and changed only together with the account. A hold that has ended is read from its entries.
 * - The order index leaves out the rows that earn, which are found by their external id `order:{gid}:…` instead.
 * - Used stream tickets are claims with a scope of their own.
 */
export const ledger: ObjectMigration = {
  name: '0001_ledger',
  sql: `
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  merchant_id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  shopify_customer_gid TEXT,
  currency TEXT,
  seq INTEGER NOT NULL,
  relayed_seq INTEGER NOT NULL CHECK (relayed_seq BETWEEN 0 AND seq),
  posted INTEGER NOT NULL,
  debt INTEGER NOT NULL CHECK (debt >= 0),
  held INTEGER NOT NULL CHECK (held >= 0),
  pending INTEGER NOT NULL CHECK (pending >= 0),
  lifetime_earned INTEGER NOT NULL,
  lifetime_redeemed INTEGER NOT NULL,
  lifetime_expired INTEGER NOT NULL,
  lifetime_clawed_back INTEGER NOT NULL,
  lifetime_adjusted INTEGER NOT NULL,
  last_hash TEXT NOT NULL,
  last_recorded_at_ms INTEGER NOT NULL,
  merged_into TEXT,
  open_holds TEXT NOT NULL,
  pendings TEXT NOT NULL
) STRICT;

CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  points INTEGER NOT NULL,
  source TEXT NOT NULL,
  external_id TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  effective_at_ms INTEGER NOT NULL,
  recorded_at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  allocations TEXT NOT NULL,
  order_gid TEXT,
  rule_version INTEGER,
  detail TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;

CREATE INDEX entries_by_order ON entries (order_gid)
  WHERE order_gid IS NOT NULL AND type NOT IN ('earn', 'earn_pending');

CREATE TABLE lots (
  id INTEGER PRIMARY KEY,
  granted INTEGER NOT NULL,
  remaining INTEGER NOT NULL CHECK (remaining >= 0),
  pinned INTEGER NOT NULL CHECK (pinned BETWEEN 0 AND remaining),
  consumed INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  clawed INTEGER NOT NULL,
  moved INTEGER NOT NULL,
  expires_at_ms INTEGER,
  order_gid TEXT,
  CHECK (granted = remaining + consumed + expired + clawed + moved)
) STRICT;

CREATE TABLE claims (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  outcome TEXT NOT NULL,
  answer TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
`,
}
