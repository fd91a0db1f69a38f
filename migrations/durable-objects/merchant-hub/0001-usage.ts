import type { ObjectMigration } from '../migration.ts'

/** What a merchant used, a row a day (UTC). */
export const usage: ObjectMigration = {
  name: '0001_usage',
  sql: `
CREATE TABLE usage_days (
  day TEXT NOT NULL PRIMARY KEY,
  orders INTEGER NOT NULL,
  events INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
}
