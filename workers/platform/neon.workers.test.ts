import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { isDataError, neonBatch, neonTransaction, sql } from './neon.ts'

const merchant = () => crypto.randomUUID()
const addMerchant = (id: string) => sql`insert into merchants (merchant_id) values (${id})`
const countMerchants = sql`select count(*)::int as count from merchants`

describe('neonBatch', () => {
  it('shows a merchant its own rows only', async () => {
    const [mine, other] = [merchant(), merchant()]
    await neonTransaction(env, [
      { merchantId: mine, statements: [addMerchant(mine)] },
      { merchantId: other, statements: [addMerchant(other)] },
    ])
    expect(await neonBatch(env, mine, [sql`select merchant_id from merchants`])).toEqual([[{ merchant_id: mine }]])
  })

  it("refuses to write another merchant's row, and then writes nothing of the batch", async () => {
    const [mine, other] = [merchant(), merchant()]
    const refused = neonBatch(env, mine, [addMerchant(mine), addMerchant(other)])
    await expect(refused).rejects.toThrow('row-level security')
    expect(await neonBatch(env, mine, [countMerchants])).toEqual([[{ count: 0 }]])
  })

  it('answers each merchant with the rows of its statements, also where it asked nothing', async () => {
    const [mine, other] = [merchant(), merchant()]
    const answers = await neonTransaction(env, [
      { merchantId: mine, statements: [sql`select 1 as a`, sql`select 2 as a`] },
      { merchantId: merchant(), statements: [] },
      { merchantId: other, statements: [sql`select ${'x'}::text as b`] },
    ])
    expect(answers).toEqual([[[{ a: 1 }], [{ a: 2 }]], [], [[{ b: 'x' }]]])
  })
})

it('a DATABASE_URL that is mistyped is not told to anybody', async () => {
  const mistyped = { ...env, DATABASE_URL: 'postgres://user:s3cret@host:port/database' }
  const error: unknown = await neonBatch(mistyped, merchant(), [countMerchants]).catch((thrown: unknown) => thrown)
  expect(String(error)).toBe('Error: DATABASE_URL is not a URL')
})

describe('isDataError', () => {
  it('tells refused data from an outage', async () => {
    const refused: unknown = await neonBatch(env, merchant(), [sql`select ${'x'}::uuid`]).catch(
      (error: unknown) => error,
    )
    const outage: unknown = await neonBatch({ ...env, NEON_PROXY: '127.0.0.1:9' }, merchant(), [countMerchants]).catch(
      (error: unknown) => error,
    )
    expect([isDataError(refused), isDataError(outage)]).toEqual([true, false])
  })

  it('takes a schema or a grant that is not there yet for an outage: a deployment mends it, no message is to blame', async () => {
    const early: unknown = await neonBatch(env, merchant(), [sql`select * from table_of_a_later_migration`]).catch(
      (error: unknown) => error,
    )
    expect(early).toMatchObject({ code: '42P01' })
    expect(isDataError(early)).toBe(false)
  })
})

describe('every table that holds merchants', () => {
  const tables = `select c.relname, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
      exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'
        and pg_get_expr(p.polqual, p.polrelid) like '%app.merchant_id%'
        and pg_get_expr(p.polwithcheck, p.polrelid) like '%app.merchant_id%') as policy,
      pg_get_userbyid(c.relowner) = 'loyalnest_app' as owned_by_app
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p')`

  it('has row-level security enabled and forced, with the tenant policy', async () => {
    const [rows] = await neonBatch(env, merchant(), [{ text: tables, values: [] }])
    expect(rows?.length).toBeGreaterThanOrEqual(6)
    for (const row of rows ?? []) {
      expect(row).toMatchObject({ enabled: true, forced: true, policy: true, owned_by_app: false })
    }
  })

  it('has a column merchant_id, so that the policy can hold', async () => {
    const [rows] = await neonBatch(env, merchant(), [
      sql`select table_name from information_schema.tables t
        where table_schema = 'public' and not exists (select from information_schema.columns c
          where c.table_schema = 'public' and c.table_name = t.table_name and c.column_name = 'merchant_id')`,
    ])
    expect(rows).toEqual([])
  })

  it('is used by a role that cannot log in and cannot bypass it', async () => {
    const [rows] = await neonBatch(env, merchant(), [
      sql`select current_user::text as role, rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname = current_user`,
    ])
    expect(rows).toEqual([{ role: 'loyalnest_app', rolsuper: false, rolbypassrls: false, rolcanlogin: false }])
  })
})
