import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { ControlDatabase, ControlStatement } from '../../workers/platform/install.ts'
import { planMigrations, type Migration } from '../database/migrate.ts'

/** The `.sql` files of a folder in their order, named as `wrangler d1 migrations` wants them. */
export function readD1Migrations(folder: string): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => {
      const sql = readFileSync(path.join(folder, name), 'utf8')
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    })
}

/** The part of a D1 database that is needed here, as Miniflare hands it to Node. */
export interface LocalD1 extends ControlDatabase {
  prepare(sql: string): LocalStatement
}
interface LocalStatement extends ControlStatement {
  run(): Promise<unknown>
  all(): Promise<{ results: unknown[] }>
}

const Applied = z.array(z.object({ name: z.string(), sha256: z.string() }))

const TABLE = `CREATE TABLE IF NOT EXISTS applied_migrations (
  name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at_ms INTEGER NOT NULL
) STRICT`

/**
 * Brings a D1 database up to date, each file in one transaction with its record. Answers the names applied.
 * @throws when an applied file was changed or removed, or a new one sorts before an applied one
 */
export async function migrateD1(database: LocalD1, folder: string, nowMs: number): Promise<readonly string[]> {
  const { unstable_splitSqlQuery: split } = await import('wrangler')
  await database.prepare(TABLE).run()
  const applied = await database.prepare('SELECT name, sha256 FROM applied_migrations').all()
  const pending = planMigrations(readD1Migrations(folder), Applied.parse(applied.results))
  for (const { name, sha256, sql } of pending) {
    await database.batch([
      ...split(sql).map((statement) => database.prepare(statement)),
      database.prepare('INSERT INTO applied_migrations VALUES (?, ?, ?)').bind(name, sha256, nowMs),
    ])
  }
  return pending.map(({ name }) => name)
}
