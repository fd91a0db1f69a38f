import { createHash } from 'node:crypto'
import type { ObjectMigration } from '../../migrations/durable-objects/migration.ts'

/** What the runner needs of an object's storage. */
type MigratedStorage = Pick<DurableObjectStorage, 'sql' | 'transactionSync'>

const hashes = new WeakMap<ObjectMigration, string>()

/** SHA-256 (hex) of a migration's SQL; worked out once an isolate. */
function hashOf(migration: ObjectMigration): string {
  let hash = hashes.get(migration)
  if (hash === undefined) {
    hash = createHash('sha256').update(migration.sql, 'utf8').digest('hex')
    hashes.set(migration, hash)
  }
  return hash
}

/** True once any migration ran here. An object that was never written has no tables, and reading it makes none. */
export function isMigrated(sql: SqlStorage): boolean {
  return (
    sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'").toArray().length > 0
  )
}

/**
 * Applies the migrations that this object has not seen, in order, all in one transaction. When it is up to date it costs
 * one read of a short table.
 *
 * @throws if one that ran here was changed, renamed, reordered or removed since: such an object must not be written.
 */
export function migrate(storage: MigratedStorage, migrations: readonly ObjectMigration[]): void {
  const applied = isMigrated(storage.sql) ? appliedMigrations(storage.sql) : []
  for (const [index, row] of applied.entries()) checkApplied(row, migrations[index])
  if (applied.length === migrations.length) return
  storage.transactionSync(() => {
    if (applied.length === 0) {
      storage.sql.exec(
        'CREATE TABLE schema_migrations (name TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID',
      )
    }
    for (const migration of migrations.slice(applied.length)) {
      storage.sql.exec(migration.sql)
      storage.sql.exec('INSERT INTO schema_migrations (name, hash) VALUES (?, ?)', migration.name, hashOf(migration))
    }
  })
}

type AppliedMigration = { name: string; hash: string }

function appliedMigrations(sql: SqlStorage): AppliedMigration[] {
  return sql.exec<AppliedMigration>('SELECT name, hash FROM schema_migrations ORDER BY name').toArray()
}

function checkApplied(row: AppliedMigration, migration: ObjectMigration | undefined): void {
  if (migration === undefined || migration.name !== row.name) {
    throw new Error(
      `Migration ${row.name} ran in this object, but the code now has ${migration?.name ?? 'none'} in its place. ` +
        'Migrations are only ever added, with a greater number.',
    )
  }
  if (hashOf(migration) !== row.hash) {
    throw new Error(`Migration ${row.name} was changed after it ran in this object. Undo the change and add a new one.`)
  }
}
