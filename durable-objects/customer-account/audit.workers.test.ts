import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../domain/ledger/types.ts'
import type { AccountRef, LedgerAudit } from '../kernel/protocol.ts'
import { adjust, earn, hold, newCustomer, order, rawStubOf, redeem, refund, stubOf } from './samples.ts'

const HOUR_MS = 3_600_000

/** An account with lots in use, an open hold, pending points and a refund: nine entries. */
async function usedAccount(): Promise<AccountRef> {
  const ref = newCustomer()
  const commands: Command[] = [
    earn('a', 100),
    earn('b', 50),
    order(1, 59_90),
    redeem('r', 120),
    refund(1, 1, 20_00),
    hold('h', 20, HOUR_MS),
    { ...order(2, 30_00), returnWindowDays: 14 },
    adjust('j', 7),
    adjust('k', -3),
  ]
  const outcomes = await stubOf(ref).executeBatch(ref, commands)
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(commands.map(() => 'applied'))
  return ref
}

/** Changes rows behind the object's back. It comes back into memory with what is on disk. */
async function tamper(ref: AccountRef, ...statements: readonly string[]): Promise<void> {
  await runInDurableObject(rawStubOf(ref), (_account, { storage }) => {
    for (const statement of statements) storage.sql.exec(statement).toArray()
  })
  await evictDurableObject(rawStubOf(ref))
}

async function auditOf(ref: AccountRef): Promise<LedgerAudit> {
  const audit = await stubOf(ref).audit(ref)
  if (audit === null) throw new Error('nothing was ever booked here')
  return audit
}

const placesIn = ({ findings }: LedgerAudit) => findings.map(({ invariant, seq }) => `${invariant}@${seq}`)

/** All that the object stores of the ledger. */
function rowsOf(ref: AccountRef): Promise<unknown> {
  return runInDurableObject(rawStubOf(ref), (_account, { storage }) =>
    ['accounts', 'lots', 'entries'].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
  )
}

/** Whatever became of it, as text. */
async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  try {
    return `answered ${JSON.stringify(await call())}`
  } catch (error) {
    return String(error)
  }
}

const PENDING = Symbol('pending')

/** Whether a promise has come to its end: of two that have, the first one wins the race. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([promise, Promise.resolve(PENDING)])) !== PENDING
}

describe('an audit', () => {
  it('finds nothing wrong with a ledger that was only booked on, and changes nothing', async () => {
    const ref = await usedAccount()
    const before = await rowsOf(ref)
    const audit = await auditOf(ref)
    const page = await stubOf(ref).ledger(ref, 0, 100)
    expect(audit).toEqual({
      entries: 9,
      firstHash: page?.entries[0]?.hash,
      lastHash: page?.entries.at(-1)?.hash,
      stateMatches: true,
      findings: [],
    })
    await expect(stubOf(ref).rebuildState(ref)).resolves.toBe(false)
    expect(await rowsOf(ref)).toEqual(before)
  })

  it('of an account that was never written is none, and writes nothing', async () => {
    const ref = newCustomer()
    await expect(stubOf(ref).audit(ref)).resolves.toBeNull()
    await expect(stubOf(ref).rebuildState(ref)).resolves.toBe(false)
    const tables = await runInDurableObject(rawStubOf(ref), (_account, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'accounts'").toArray(),
    )
    expect(tables).toEqual([])
  })

  it('reads page by page, while others book, and does not take what changes for wrong', async () => {
    const ref = newCustomer()
    for (let batch = 0; batch < 4; batch += 1) {
      const pairs = Array.from({ length: 250 }, (_, pair) => `${batch}-${pair}`)
      await stubOf(ref).executeBatch(
        ref,
        pairs.flatMap((id) => [earn(id, 9), redeem(id, 1)]),
      )
    }
    const audit = auditOf(ref)
    let booked = 0
    while (!(await isSettled(audit))) {
      booked += 1
      const [outcome] = await stubOf(ref).executeBatch(ref, [redeem(`meanwhile-${booked}`, 1)])
      expect(outcome).toMatchObject({ outcome: 'applied' })
    }
    const { entries, findings, stateMatches } = await audit
    expect({ findings, stateMatches }).toEqual({ findings: [], stateMatches: true })
    expect(booked).toBeGreaterThan(3)
    expect(entries).toBeGreaterThan(2000)
    expect(entries).toBeLessThanOrEqual(2000 + booked)
  })
})

describe('corruption', () => {
  it.each([
    ['changed points', 'UPDATE entries SET points = 51 WHERE seq = 2', ['2@2', '15@2', '1@9', '18@9']],
    ['a changed reason', `UPDATE entries SET detail = json_set(detail, '$.reason', 'x') WHERE seq = 8`, ['15@8']],
    ['a removed entry', 'DELETE FROM entries WHERE seq = 4', ['6@5', '15@5']],
    ['a removed last entry', 'DELETE FROM entries WHERE seq = 9', ['6@8', '15@8', '18@8']],
    [
      'a swapped hash',
      'UPDATE entries SET hash = (SELECT hash FROM entries WHERE seq = 6) WHERE seq = 3',
      ['15@3', '15@4'],
    ],
    ['an entry that is no JSON', `UPDATE entries SET detail = 'x' WHERE seq = 5`, ['null@5']],
    [
      'a changed lot',
      'UPDATE lots SET remaining = remaining - 5, consumed = consumed + 5 WHERE id = 3',
      ['18@3', '2@9'],
    ],
    [
      'a lot of nobody',
      'INSERT INTO lots SELECT 777, granted, remaining, pinned, consumed, expired, clawed, moved, expires_at_ms, order_gid, inactivity FROM lots WHERE id = 1',
      ['18@777'],
    ],
    ['a removed lot', 'DELETE FROM lots WHERE id = 1', ['18@1']],
    ['a changed balance', 'UPDATE accounts SET posted = posted + 10', ['1@9', '2@9', '18@9', '19@9']],
    ['a hold that is forgotten', `UPDATE accounts SET open_holds = '[]'`, ['5@9', '18@9']],
    ['pending points that are forgotten', `UPDATE accounts SET pendings = '[]'`, ['18@9']],
    ['events that never were', 'UPDATE accounts SET seq = 12, relayed_seq = 12', ['6@9', '13@9', '18@9']],
    ['a lost account', 'DELETE FROM accounts', ['18@9']],
  ])('by %s is found where it is', async (_what, statement, places) => {
    const ref = await usedAccount()
    await tamper(ref, statement)
    const audit = await auditOf(ref)
    expect(placesIn(audit)).toEqual(expect.arrayContaining(places))
  })
})

describe('a rebuild', () => {
  it('writes the stored state anew from the entries, and only that', async () => {
    const ref = await usedAccount()
    const before = await rowsOf(ref)
    const balance = await stubOf(ref).balance(ref)
    await tamper(
      ref,
      'UPDATE lots SET remaining = remaining - 5, consumed = consumed + 5 WHERE id = 3',
      'DELETE FROM lots WHERE id = 1',
      'INSERT INTO lots SELECT 777, granted, remaining, pinned, consumed, expired, clawed, moved, expires_at_ms, order_gid, inactivity FROM lots WHERE id = 2',
      "UPDATE accounts SET posted = posted + 10, open_holds = '[]', pendings = '[]', lifetime_earned = 0, held = 0",
    )
    expect((await auditOf(ref)).stateMatches).toBe(false)
    await expect(stubOf(ref).rebuildState(ref)).resolves.toBe(true)
    expect(await rowsOf(ref)).toEqual(before)
    await expect(stubOf(ref).balance(ref)).resolves.toEqual({ ...balance, as_of: expect.any(String) })
    expect(await auditOf(ref)).toMatchObject({ stateMatches: true, findings: [] })
  })

  it('brings back a lost account, whose events are then all sent again', async () => {
    const ref = await usedAccount()
    await tamper(ref, 'DELETE FROM accounts', 'DELETE FROM lots')
    await expect(stubOf(ref).rebuildState(ref)).resolves.toBe(true)
    expect(await auditOf(ref)).toMatchObject({ entries: 9, stateMatches: true, findings: [] })
    await expect(stubOf(ref).ledger(ref, 0, 1)).resolves.toMatchObject({ relayedSeq: 0 })
    const [outcome] = await stubOf(ref).executeBatch(ref, [redeem('afterwards', 1)])
    expect(outcome).toMatchObject({ outcome: 'applied', seq: 10 })
  })

  it('is seen at once by an object that is in memory', async () => {
    const ref = await usedAccount()
    await tamper(ref, 'UPDATE accounts SET posted = posted + 1000, lifetime_adjusted = lifetime_adjusted + 1000')
    const [wrong] = [await stubOf(ref).balance(ref)]
    await stubOf(ref).rebuildState(ref)
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ posted: (wrong?.posted ?? 0) - 1000 })
  })

  it.each([
    ['changed', 'UPDATE entries SET points = 51 WHERE seq = 2', 'entry 2'],
    ['missing in the middle', 'DELETE FROM entries WHERE seq = 4', 'entry 5 follows entry 3'],
    ['missing at the end', 'DELETE FROM entries WHERE seq = 9', 'Entries after 8 are missing'],
    ['unreadable', `UPDATE entries SET allocations = '{}' WHERE seq = 5`, 'does not parse'],
  ])('makes no state of entries that are %s', async (_what, statement, reason) => {
    const ref = await usedAccount()
    await tamper(ref, statement, 'UPDATE lots SET pinned = 0')
    const before = await rowsOf(ref)
    expect(await refusalOf(() => stubOf(ref).rebuildState(ref))).toContain(reason)
    expect(await rowsOf(ref)).toEqual(before)
  })
})
