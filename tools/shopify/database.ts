import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

const SCHEMA = `
create table if not exists counters (name text primary key, value integer not null) strict;
create table if not exists settings (name text primary key, value text not null) strict;
create table if not exists customers (
  id text primary key, email text not null unique, first_name text not null, last_name text not null,
  created_at text not null, updated_at text not null
) strict;
create table if not exists sessions (token text primary key, customer_id text, locale text not null) strict;
create table if not exists cart_lines (
  token text not null, variant_id text not null, quantity integer not null, primary key (token, variant_id)
) strict;
create table if not exists cart_codes (
  token text not null, position integer not null, code text not null, primary key (token, position)
) strict;
create table if not exists orders (
  id text primary key, number integer not null unique, token text not null unique, customer_id text, body text not null
) strict;
create index if not exists orders_customer on orders (customer_id);
create table if not exists deliveries (
  id integer primary key, webhook_id text not null, event_id text not null, topic text not null, body text not null,
  triggered_at text not null, order_number integer, state text not null, attempts integer not null,
  next_attempt_at_ms integer, last_outcome text, note text
) strict;
create index if not exists deliveries_due on deliveries (next_attempt_at_ms) where state = 'waiting';
create table if not exists token_pairs (
  id integer primary key, shop text not null, access_token text not null unique, access_ends_at_ms integer not null,
  refresh_token text not null unique, refresh_ends_at_ms integer not null, scope text not null,
  refreshed_at_ms integer, replaced_by integer, revoked integer not null default 0
) strict;
create table if not exists discounts (id text primary key, shop text not null, body text not null) strict;
create index if not exists discounts_shop on discounts (shop);
create table if not exists redeem_codes (
  id text primary key, shop text not null, discount_id text not null, code text not null, code_key text not null,
  created_at text not null, unique (shop, code_key)
) strict;
create index if not exists redeem_codes_discount on redeem_codes (discount_id);
create table if not exists code_uses (
  code_id text not null, discount_id text not null, order_id text not null, customer_id text, at_ms integer not null
) strict;
create index if not exists code_uses_code on code_uses (code_id);
create index if not exists code_uses_customer on code_uses (discount_id, customer_id);
create table if not exists code_jobs (
  id text primary key, shop text not null, kind text not null, discount_id text not null, body text not null,
  due_at_ms integer not null, done integer not null, created_at text not null
) strict;
create table if not exists bulk_operations (id text primary key, name text not null, body text not null, result text) strict;
create index if not exists code_jobs_due on code_jobs (due_at_ms) where done = 0;
`

/** Columns that came later, for a state made before them. */
const ADDED: readonly (readonly [table: string, column: string, declaration: string])[] = [
  ['sessions', 'currency', "text not null default 'EUR'"],
  // Null: the stand-in's own.
  ['orders', 'shop', 'text'],
]

/** Everything that the stand-in remembers: one SQLite file in `dir` that survives a restart. */
export function openDatabase(dir: string): DatabaseSync {
  mkdirSync(dir, { recursive: true })
  const db = new DatabaseSync(join(dir, 'shopify.sqlite'))
  db.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 2000')
  db.exec(SCHEMA)
  for (const [table, column, declaration] of ADDED) {
    const known = db.prepare('select 1 from pragma_table_info(?) where name = ?').get(table, column)
    if (!known) db.exec(`alter table ${table} add column ${column} ${declaration}`)
  }
  return db
}

/** Runs `work` in one transaction; not to be nested. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('begin immediate')
  try {
    const result = work()
    db.exec('commit')
    return result
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

/** The next number of a counter; the first call gives `first`. */
export function nextNumber(db: DatabaseSync, counter: string, first: number): number {
  const row = db
    .prepare(
      `insert into counters (name, value) values (?, ?)
       on conflict do update set value = value + 1 returning value`,
    )
    .get(counter, first)
  return z.object({ value: z.int() }).parse(row).value
}
