import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { ObjectMigration } from '../../migrations/durable-objects/migration.ts'
import { isMigrated, migrate } from './migrate.ts'

const first: ObjectMigration = { name: '0001_books', sql: 'CREATE TABLE books (title TEXT NOT NULL) STRICT;' }
const second: ObjectMigration = { name: '0002_years', sql: 'ALTER TABLE books ADD COLUMN year INTEGER;' }

/** Runs `body` on the storage of an object that nothing else uses. */
function onFreshStorage(body: (storage: DurableObjectStorage) => void): Promise<void> {
  const stub = env.MERCHANT_HUB.getByName(crypto.randomUUID())
  return runInDurableObject(stub, (_hub, state) => body(state.storage))
}

describe('migrations of an object', () => {
  it('run once, in order, and later ones are added to what is there', () =>
    onFreshStorage((storage) => {
      expect(isMigrated(storage.sql)).toBe(false)
      migrate(storage, [first])
      storage.sql.exec("INSERT INTO books (title) VALUES ('Emma')")
      migrate(storage, [first, second])
      migrate(storage, [first, second])
      expect(storage.sql.exec('SELECT title, year FROM books').toArray()).toEqual([{ title: 'Emma', year: null }])
      expect(storage.sql.exec('SELECT name FROM schema_migrations ORDER BY name').toArray()).toEqual([
        { name: '0001_books' },
        { name: '0002_years' },
      ])
    }))

  it('write nothing when the object is up to date', () =>
    onFreshStorage((storage) => {
      migrate(storage, [first])
      const before = storage.sql.exec<{ changes: number }>('SELECT total_changes() AS changes').one().changes
      migrate(storage, [first])
      expect(storage.sql.exec<{ changes: number }>('SELECT total_changes() AS changes').one().changes).toBe(before)
    }))

  it('refuse a step that was changed after it ran', () =>
    onFreshStorage((storage) => {
      migrate(storage, [first])
      const changed = { ...first, sql: `${first.sql} -- edited` }
      expect(() => migrate(storage, [changed])).toThrow('0001_books was changed after it ran')
    }))

  it('refuse a step that was removed, renamed, or merged in before one that ran', () =>
    onFreshStorage((storage) => {
      migrate(storage, [first, second])
      expect(() => migrate(storage, [first])).toThrow('0002_years ran in this object, but the code now has none')
      const late: ObjectMigration = { name: '0002_authors', sql: 'CREATE TABLE authors (name TEXT) STRICT;' }
      expect(() => migrate(storage, [first, late, second])).toThrow('the code now has 0002_authors in its place')
    }))

  it('leave nothing behind when one of them fails', () =>
    onFreshStorage((storage) => {
      const broken: ObjectMigration = { name: '0002_broken', sql: 'CREATE TABLE shelves (id INTEGER) STRICT; BOGUS;' }
      expect(() => migrate(storage, [first, broken])).toThrow('BOGUS')
      expect(isMigrated(storage.sql)).toBe(false)
    }))
})
