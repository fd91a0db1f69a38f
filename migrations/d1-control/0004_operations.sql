-- Tills, corrections that wait for a second person, and runs of work over a whole shop. Times are milliseconds since 1970 (UTC).

CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  name TEXT NOT NULL,
  location TEXT,
  -- DevicePublicKey; the private key never leaves the device.
  public_key TEXT NOT NULL CHECK (json_valid(public_key)),
  key_fingerprint TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  registered_by TEXT NOT NULL,
  revoked_at_ms INTEGER,
  revoked_by TEXT,
  UNIQUE (merchant_id, key_fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_newest ON devices (merchant_id, registered_at_ms, id);

CREATE TABLE adjustments (
  id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  customer_id TEXT NOT NULL,
  shopify_customer_gid TEXT,
  points INTEGER NOT NULL,
  reason TEXT NOT NULL,
  allow_debt INTEGER NOT NULL CHECK (allow_debt IN (0, 1)),
  -- The caller's own id of the correction, or null.
  adjustment_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'approving', 'approved', 'rejected', 'expired')),
  requested_by TEXT NOT NULL,
  requested_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  decided_by TEXT,
  decided_at_ms INTEGER,
  note TEXT,
  -- Transaction, once booked.
  entry TEXT CHECK (entry IS NULL OR json_valid(entry))
) STRICT, WITHOUT ROWID;
CREATE INDEX adjustments_newest ON adjustments (merchant_id, requested_at_ms, id);

-- Runs of the auditor over all ledgers of a shop: LedgerRun.
CREATE TABLE ledger_runs (
  id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  kind TEXT NOT NULL CHECK (kind IN ('verify', 'rebuild')),
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  customers_total INTEGER NOT NULL,
  customers_done INTEGER NOT NULL DEFAULT 0,
  entries INTEGER NOT NULL DEFAULT 0,
  repaired INTEGER NOT NULL DEFAULT 0,
  findings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(findings)),
  findings_total INTEGER NOT NULL DEFAULT 0,
  -- The page that was counted last, so that a page that comes twice counts once.
  after TEXT,
  -- When it last got on: one that stands still has lost its job, and is taken up again.
  moved_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  started_by TEXT NOT NULL,
  finished_at_ms INTEGER,
  problem TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_runs_running ON ledger_runs (merchant_id, kind) WHERE state = 'running';

-- Runs that ask Shopify for orders: Reconciliation, and where each one is.
CREATE TABLE reconciliations (
  id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  kind TEXT NOT NULL CHECK (kind IN ('reconcile', 'backfill')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  -- reconcile: the page's cursor. backfill: the next byte of the result's file.
  cursor TEXT,
  bulk_operation_gid TEXT,
  -- The step that runs now, so that two never do at once, and when it may be taken to be dead.
  lease INTEGER NOT NULL DEFAULT 0,
  lease_ends_at_ms INTEGER NOT NULL DEFAULT 0,
  -- JSON of the counts of Reconciliation.
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  problem TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reconciliations_running ON reconciliations (merchant_id, kind) WHERE state IN ('waiting', 'running');
CREATE INDEX reconciliations_newest ON reconciliations (merchant_id, started_at_ms, id);
