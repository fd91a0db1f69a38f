import type { ObjectMigration } from '../migration.ts'

/**
 * Who has one of the limited number of a reward (`limit_total`), and how many have: counted rather than looked through,
 * since a limit may be large.
 */
export const rewardSlots: ObjectMigration = {
  name: '0002_reward-slots',
  sql: `
CREATE TABLE reward_slots (
  reward_id TEXT NOT NULL,
  redemption_id TEXT NOT NULL,
  PRIMARY KEY (reward_id, redemption_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reward_slot_counts (
  reward_id TEXT NOT NULL PRIMARY KEY,
  taken INTEGER NOT NULL CHECK (taken >= 0)
) STRICT, WITHOUT ROWID;
`,
}
