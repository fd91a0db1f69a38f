import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { LedgerFinding } from '../../../domain/contracts/operations/ledgers.ts'
import type { AccountRef, CustomerAccountRpc, LedgerAudit } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { countPage, failRun, findRun } from '../../../workers/platform/ledger-runs.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { DONE, pooled, reasonOf, type Settlement } from '../../batch.ts'
import { customersAfter } from './page.ts'

type RunJob = Extract<JobMessage, { readonly job: 'verify_ledgers' | 'rebuild_ledgers' }>

const CUSTOMERS_A_PAGE = 25
const CUSTOMERS_AT_ONCE = 4
/** An account that still does not answer on this attempt of its page is a finding; the others are not kept waiting. */
const FINDING_ATTEMPT = 3
/** On this attempt of a page that cannot be read or counted at all the run ends as failed. */
const LAST_ATTEMPT = 8

/** What became of one account. */
interface Examined {
  readonly entries: number
  readonly repaired: boolean
  readonly findings: readonly LedgerFinding[]
}

/**
 * A page of a run over all ledgers of a shop. The run's row says where it is: a page that comes twice counts once, and a
 * message that comes again after it was counted only puts the next page on its way.
 */
export async function runLedgers(env: Env, job: RunJob, attempts: number): Promise<Settlement> {
  try {
    return await examinePage(env, job, attempts)
  } catch (error) {
    if (attempts >= LAST_ATTEMPT) {
      await failRun(env, job.merchant_id, job.run_id, `A page of customers failed: ${reasonOf(error)}`, Date.now())
    }
    throw error
  }
}

async function examinePage(env: Env, job: RunJob, attempts: number): Promise<Settlement> {
  const { merchant_id: merchantId } = job
  const run = await findRun(env, merchantId, job.run_id)
  if (run?.state !== 'running') return DONE
  if (run.after !== job.after) {
    // Counted before. On the first attempt it is a double, whose twin sends the next page.
    if (attempts > 1) await goOn(env, job, run.after)
    return DONE
  }
  const customers = await customersAfter(env, job, CUSTOMERS_A_PAGE)
  const examined = await examineAll(env, job, customers, attempts)
  const isLast = customers.length < CUSTOMERS_A_PAGE
  if (isLast && run.kind === 'rebuild') {
    await env.JOBS.send({ job: 'rebuild_projection', merchant_id: merchantId, after: null } satisfies JobMessage)
  }
  const upTo = customers.at(-1) ?? run.after
  const counted = await countPage(env, merchantId, run, { ...sumOf(examined), upTo, isLast }, Date.now())
  if (counted && !isLast) await goOn(env, job, upTo)
  return DONE
}

async function goOn(env: Env, job: RunJob, after: string | null): Promise<void> {
  await env.JOBS.send({ ...job, after })
}

function sumOf(examined: readonly Examined[]) {
  return {
    customers: examined.length,
    entries: examined.reduce((sum, { entries }) => sum + entries, 0),
    repaired: examined.filter(({ repaired }) => repaired).length,
    findings: examined.flatMap(({ findings }) => findings),
  }
}

async function examineAll(
  env: Env,
  job: RunJob,
  customers: readonly string[],
  attempts: number,
): Promise<readonly Examined[]> {
  const examined = new Map<string, Examined>()
  const errors: unknown[] = []
  await pooled(customers, CUSTOMERS_AT_ONCE, async (customerId) => {
    try {
      examined.set(customerId, await examine(env, job, customerId))
    } catch (error) {
      errors.push(error)
      const reason = reasonOf(error)
      logLine('warn', 'job failed', { job: job.job, merchant_id: job.merchant_id, customer_id: customerId, reason })
      const finding = {
        customer_id: customerId,
        invariant: null,
        seq: null,
        detail: `could not be examined: ${reason}`,
      }
      examined.set(customerId, { entries: 0, repaired: false, findings: [finding] })
    }
  })
  if (errors.length > 0 && attempts < FINDING_ATTEMPT) throw errors[0]
  return customers.flatMap((customerId) => examined.get(customerId) ?? [])
}

async function examine(env: Env, job: RunJob, customerId: string): Promise<Examined> {
  const { merchant_id: merchantId } = job
  const ref = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  const ask = <R>(call: (account: CustomerAccountRpc) => Promise<R>) =>
    withRetry(() => customerAccount(env, merchantId, customerId), call)
  const audit = await ask((account) => account.audit(ref))
  if (audit === null) return { entries: 0, repaired: false, findings: [] }
  const { entries } = audit
  if (audit.stateMatches || job.job === 'verify_ledgers') {
    return { entries, repaired: false, findings: findingsOf(customerId, audit) }
  }
  const problem = await repair(ask, ref)
  if (problem !== null) {
    const refused = { customer_id: customerId, invariant: null, seq: null, detail: `not rebuilt: ${problem}` }
    return { entries, repaired: false, findings: [...findingsOf(customerId, audit), refused] }
  }
  const after = await ask((account) => account.audit(ref))
  return { entries, repaired: true, findings: after === null ? [] : findingsOf(customerId, after) }
}

/** Why the state cannot be written anew, or null if it was. */
async function repair(
  ask: <R>(call: (account: CustomerAccountRpc) => Promise<R>) => Promise<R>,
  ref: AccountRef,
): Promise<string | null> {
  try {
    await ask((account) => account.rebuildState(ref))
    return null
  } catch (error) {
    return reasonOf(error)
  }
}

function findingsOf(customerId: string, { findings }: LedgerAudit): readonly LedgerFinding[] {
  return findings.map((finding) => ({ customer_id: customerId, ...finding }))
}
