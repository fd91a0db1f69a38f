import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate, planMigrations, readMigrations, type Migration } from './migrate.ts'
import { cloneDatabase, ensureDatabase, startPostgres, withClient, type Postgres } from './postgres.ts'

const file = (name: string, sql = 'select 1'): Migration => ({ name, sha256: `hash of ${sql}`, sql })
const [first, second, third] = [file('0000_a.sql'), file('0001_b.sql'), file('0002_c.sql')]

describe('planMigrations', () => {
  it('takes what is not applied yet', () => {
    expect(planMigrations([first, second], [first])).toEqual([second])
  })

  it('refuses a changed, a missing and a late file, by name', () => {
    expect(() => planMigrations([file('0000_a.sql', 'select 2')], [first])).toThrow('0000_a.sql was changed')
    expect(() => planMigrations([first], [first, second])).toThrow('0001_b.sql was applied to this database but')
    expect(() => planMigrations([first, second, third], [first, third])).toThrow('0001_b.sql was merged late')
  })
})

describe('against PostgreSQL', () => {
  let dir: string
  let postgres: Postgres
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'loyalnest-test-'))
    chmodSync(dir, 0o755)
    postgres = await startPostgres({ dir: join(dir, 'data'), durable: false })
  }, 30_000)
  afterAll(async () => {
    await postgres.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  it('our migrations apply once, also when two runners start together', async () => {
    const url = await ensureDatabase(postgres.url, 'twice')
    const applied = await Promise.all([migrate(url), migrate(url)])
    expect(applied.flat()).toEqual(readMigrations().map(({ name }) => name))
    expect(await migrate(url)).toEqual([])
  })

  it('a migration that fails names itself and leaves nothing behind', async () => {
    const url = await ensureDatabase(postgres.url, 'failing')
    const migrations = [file('0000_a.sql', 'create table a (id int)'), file('0001_b.sql', 'create tabel b (id int)')]
    await expect(migrate(url, migrations)).rejects.toThrow('0001_b.sql: syntax error')
    const left = await withClient(url, (client) => client.query("select to_regclass('a') as a"))
    expect(left.rows).toEqual([{ a: null }])
  })

  it('a template is cloned with its tables', async () => {
    await migrate(await ensureDatabase(postgres.url, 'template'))
    const clone = await cloneDatabase(postgres.url, 'template', 'clone')
    expect(await migrate(clone)).toEqual([])
  })
})
