-- What points buy. A row is the reward as it is now; codes carry the number of the terms they were issued under, so all
-- terms ever in force stay in the row.
CREATE TABLE rewards (
  merchant_id TEXT NOT NULL REFERENCES shops (merchant_id),
  id TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
  position INTEGER NOT NULL,
  -- RewardInput.
  body TEXT NOT NULL CHECK (json_valid(body)),
  -- RewardTerms, oldest first.
  terms TEXT NOT NULL CHECK (json_valid(terms)),
  -- Sealed: the key of the codes' signatures, which Shopify holds as well.
  code_key_sealed TEXT NOT NULL,
  discount_gid TEXT,
  discount_state TEXT NOT NULL CHECK (discount_state IN ('waiting', 'ready', 'failed')),
  discount_problem TEXT,
  synced_version INTEGER NOT NULL,
  -- Until then somebody is telling the shop, and nobody else does: the older of two texts must not arrive last.
  sync_until_ms INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rewards_position ON rewards (merchant_id, position, created_at_ms, id);
CREATE INDEX rewards_unsynced ON rewards (merchant_id, id) WHERE discount_state = 'waiting' AND status <> 'archived';
