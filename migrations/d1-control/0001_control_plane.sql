-- The control plane: which shop is which merchant, its settings with their history, its API keys.
-- Small, read mostly. Times are milliseconds since 1970 (UTC).

CREATE TABLE shops (
  domain TEXT PRIMARY KEY,
  -- Made once and kept when the shop installs again: customer ids are derived from it.
  merchant_id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('active', 'uninstalled')),
  plan TEXT NOT NULL,
  -- Where the merchant's objects must live (Durable Object jurisdiction), or null for anywhere.
  jurisdiction TEXT CHECK (jurisdiction IN ('eu', 'fedramp')),
  currency TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  storefront_origins TEXT NOT NULL CHECK (json_valid(storefront_origins)),
  installed_at_ms INTEGER NOT NULL,
  uninstalled_at_ms INTEGER,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every version ever set; the highest is in force. Entries name the version that they were booked by.
CREATE TABLE program_settings (
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  version INTEGER NOT NULL CHECK (version >= 1),
  body TEXT NOT NULL CHECK (json_valid(body)),
  updated_at_ms INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  PRIMARY KEY (merchant_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  -- HMAC-SHA256 (hex) of the whole key; the key itself is shown once and stored nowhere.
  key_hmac TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  permissions TEXT NOT NULL CHECK (json_valid(permissions)),
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_merchant ON api_keys (merchant_id);

-- Answers to writes of the control plane, replayed for 30 days. Ledger writes keep theirs in the customer's object.
CREATE TABLE idempotency_keys (
  merchant_id TEXT NOT NULL,
  -- Credential and route.
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  body TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant_id, scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_at ON idempotency_keys (at_ms);
