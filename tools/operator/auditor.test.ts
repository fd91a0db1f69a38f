import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerRun, LedgerVerification, LiabilityReport } from '../../domain/contracts/operations/ledgers.ts'

/** The commands as an auditor calls them, in front of a system that answers what the test wants. */

const CUSTOMER = '5132dc8f-640e-5515-8ca7-30bd444dfad2'
const FINDING = {
  customer_id: CUSTOMER,
  invariant: 15,
  seq: 2,
  detail: 'the hash of entry 2 is not that of its contents',
}

const verification: LedgerVerification = {
  customer_id: CUSTOMER,
  entries: 3,
  first_hash: 'a1',
  last_hash: 'b2',
  state_matches: true,
  findings: [],
  verified_at: '2026-11-24T00:00:00.000Z',
}

const run: LedgerRun = {
  id: 'c7785ae0-8af8-8e97-854d-0a657a5443cb',
  kind: 'verify',
  state: 'running',
  customers_total: 2,
  customers_done: 0,
  entries: 0,
  repaired: 0,
  findings: [],
  findings_total: 0,
  started_at: '2026-11-24T00:00:00.000Z',
  started_by: 'api_key:test',
  finished_at: null,
  problem: null,
}
const done: LedgerRun = { ...run, state: 'done', customers_done: 2, entries: 6, finished_at: run.started_at }

const liability: LiabilityReport = {
  as_of: '2026-11-24T00:00:00.000Z',
  customers: 2,
  outstanding: 1500,
  held: 20,
  pending: 7,
  debt: 0,
  of_deleted_customers: 100,
  by_expiry_month: [
    { month: '2026-12', points: 500, amount: '5.00' },
    { month: null, points: 1000, amount: '10.00' },
  ],
  breakage: {
    months: 1,
    granted: 300,
    expired: 100,
    rate: 1 / 3,
    expected_to_expire: 166,
    by_month: [{ month: '2026-11', granted: 9, redeemed: 8, expired: 7, clawed_back: 6 }],
  },
  currency: 'EUR',
  point_value: '0.01',
  outstanding_amount: '15.00',
}

/** By `METHOD path`: what is answered in turn, the last one for ever. */
const answers = new Map<string, readonly unknown[]>()
const asked: string[] = []
const server = createServer((request, response) => {
  const key = `${request.method} ${request.url}`
  asked.push(key)
  const [next, ...rest] = answers.get(key) ?? []
  if (rest.length > 0) answers.set(key, rest)
  response.writeHead(next === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(next ?? { title: 'Nothing here', code: 'not_found' }))
})

beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)))
afterAll(() => new Promise<void>((closed) => server.close(() => closed())))

/** Runs a command and gives its code and what it wrote. */
function call(script: 'ledgers' | 'liability', ...args: readonly string[]) {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const command = [`tools/operator/${script}.ts`, ...args, '--app', `http://127.0.0.1:${port}`, '--api-key', 'ln_x']
  return new Promise<{ code: number; out: string; err: string }>((ended) => {
    const child = execFile(process.execPath, command, (_error, out, err) =>
      ended({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

describe('npm run ledgers', () => {
  it('says of one ledger that it is sound', async () => {
    answers.set(`GET /admin/v1/ledgers/${CUSTOMER}/verify`, [verification])
    const { code, out } = await call('ledgers', 'verify', CUSTOMER)
    expect(code).toBe(0)
    expect(out).toContain('3 entries, 0 findings; the stored state is the fold of the entries.')
    expect(out).toContain('last hash b2')
  })

  it('ends with code 1 where something was found, and says what and where', async () => {
    answers.set(`GET /admin/v1/ledgers/4711/verify`, [{ ...verification, state_matches: false, findings: [FINDING] }])
    const { code, out } = await call('ledgers', 'verify', '4711')
    expect(code).toBe(1)
    expect(out).toContain(`${CUSTOMER}  entry 2  invariant 15: the hash of entry 2 is not that of its contents`)
    expect(out).toContain('is NOT the fold')
  })

  it('follows a run to its end; progress does not mix with the JSON', async () => {
    answers.set('POST /admin/v1/ledgers/runs', [run])
    answers.set(`GET /admin/v1/ledgers/runs/${run.id}`, [{ ...run, customers_done: 1, entries: 3 }, done])
    const { code, out, err } = await call('ledgers', 'verify', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(done)
    expect(err).toContain('0 of 2 customers')
    expect(err).toContain('1 of 2 customers, 3 entries, 0 findings')
  })

  it('ends with code 1 for a run with findings, or one that failed', async () => {
    answers.set(`GET /admin/v1/ledgers/runs/${run.id}`, [{ ...done, findings: [FINDING], findings_total: 3 }])
    const found = await call('ledgers', 'show', run.id)
    expect([found.code, found.out]).toEqual([1, expect.stringContaining('… and 2 findings more')])
    answers.set(`GET /admin/v1/ledgers/runs/${run.id}`, [{ ...done, state: 'failed', problem: 'Postgres is away' }])
    const failed = await call('ledgers', 'show', run.id)
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining('failed. Postgres is away')])
  })

  it('explains itself where it is called wrongly', async () => {
    for (const words of [['verfy'], ['rebuild', CUSTOMER], ['verify', 'a', 'b']]) {
      const { code, err } = await call('ledgers', ...words)
      expect([code, err]).toEqual([1, expect.stringContaining('npm run ledgers -- verify')])
    }
  })
})

describe('npm run liability', () => {
  it('shows a table, at the value and over the months that were asked for', async () => {
    answers.set('GET /admin/v1/points/liability?point_value=0.01&months=1', [liability])
    const { code, out } = await call('liability', '--point-value', '0.01', '--months', '1')
    expect(code).toBe(0)
    expect(out).toMatch(/^outstanding +1500 +15\.00$/m)
    expect(out).toMatch(/^2026-12 +500 +5\.00$/m)
    expect(out).toMatch(/^no day +1000 +10\.00$/m)
    expect(out).toContain('33.3 %')
    expect(out).toMatch(/^2026-11 +9 +8 +7 +6$/m)
  })

  it('gives JSON as the API does', async () => {
    answers.set('GET /admin/v1/points/liability?', [liability])
    const { out } = await call('liability', '--json')
    expect(JSON.parse(out)).toEqual(liability)
    expect(asked.at(-1)).toBe('GET /admin/v1/points/liability?')
  })
})
