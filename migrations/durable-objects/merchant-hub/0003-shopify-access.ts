import type { ObjectMigration } from '../migration.ts'

/** The shop's offline tokens, in one row at most, sealed for this merchant and shop (`workers/platform/crypto`). */
export const shopifyAccess: ObjectMigration = {
  name: '0003_shopify-access',
  sql: `
CREATE TABLE shopify_access (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  shop TEXT NOT NULL,
  access_token_sealed TEXT NOT NULL,
  access_expires_at_ms INTEGER,
  refresh_token_sealed TEXT,
  refresh_expires_at_ms INTEGER,
  scopes TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT;
`,
}
