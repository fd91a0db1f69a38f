import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Client } from 'pg'
import { z } from 'zod'
import { withClient } from './postgres.ts'

/**
 * Applies `migrations/postgres/NNNN_name.sql` in order, each once, all in one transaction. Name and SHA-256 of each
 * are recorded, and a file that was changed, removed, or merged late (its number is below one already applied) stops
 * everything: drizzle's own migrator compares only the newest timestamp and would pass over such a file in silence.
 */

/** A numbered SQL file. */
export interface Migration {
  readonly name: string
  readonly sha256: string
  readonly sql: string
}

const Applied = z.array(z.object({ name: z.string(), sha256: z.string() }))
/** Any fixed number of our own: two runners at once wait for each other. */
const LOCK = 7_105_112_310
const FOLDER = join(import.meta.dirname, '../../migrations/postgres')

/**
 * The migrations of a folder, in order.
 * @throws when the numbers have a gap or occur twice.
 */
export function readMigrations(folder: string = FOLDER): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  return names.map((name, index) => {
    if (!/^\d{4}_[a-z0-9-]+\.sql$/.test(name) || Number(name.slice(0, 4)) !== index) {
      throw new Error(
        `${name}: migrations are numbered without gap or double; ${String(index).padStart(4, '0')}_… was expected here`,
      )
    }
    const sql = readFileSync(join(folder, name), 'utf8')
    return { name, sha256: createHash('sha256').update(sql).digest('hex'), sql }
  })
}

/**
 * What remains to be applied.
 * @throws when history and files do not agree.
 */
export function planMigrations(migrations: readonly Migration[], applied: z.infer<typeof Applied>): Migration[] {
  const recorded = new Map(applied.map(({ name, sha256 }) => [name, sha256]))
  const known = new Set(migrations.map(({ name }) => name))
  const missing = applied.find(({ name }) => !known.has(name))
  if (missing !== undefined) throw new Error(`${missing.name} was applied to this database but the file is gone`)
  const changed = migrations.find(({ name, sha256 }) => (recorded.get(name) ?? sha256) !== sha256)
  if (changed !== undefined) throw new Error(`${changed.name} was changed after it was applied; write a new migration`)
  const pending = migrations.filter(({ name }) => !recorded.has(name))
  const newest =
    applied
      .map(({ name }) => name)
      .toSorted()
      .at(-1) ?? ''
  const late = pending.find(({ name }) => name < newest)
  if (late !== undefined) throw new Error(`${late.name} was merged late: ${newest} is applied already; renumber it`)
  return pending
}

/** Brings the database up to date; answers with the names of what was applied now. */
export function migrate(url: string, migrations: readonly Migration[] = readMigrations()): Promise<string[]> {
  return withClient(url, async (client) => {
    await client.query('begin')
    try {
      const names = await apply(client, migrations)
      await client.query('commit')
      return names
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  })
}

async function apply(client: Client, migrations: readonly Migration[]): Promise<string[]> {
  // Held to the end of the transaction, so that it works through a pooler too.
  await client.query('select pg_advisory_xact_lock($1)', [LOCK])
  await client.query('create schema if not exists loyalnest_meta')
  await client.query(
    'create table if not exists loyalnest_meta.migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())',
  )
  const { rows } = await client.query('select name, sha256 from loyalnest_meta.migrations')
  const pending = planMigrations(migrations, Applied.parse(rows))
  for (const { name, sha256, sql } of pending) {
    await client.query(sql).catch((error: unknown) => {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    })
    await client.query('insert into loyalnest_meta.migrations (name, sha256) values ($1, $2)', [name, sha256])
  }
  return pending.map(({ name }) => name)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const url = process.env['DATABASE_URL']
  if (url === undefined || url === '') {
    console.error('Set DATABASE_URL to the Postgres to migrate, for example postgres://user:password@host/database')
    process.exit(1)
  }
  const names = await migrate(url)
  console.log(names.length === 0 ? 'Nothing to do: the database is up to date.' : `Applied:\n${names.join('\n')}`)
}
