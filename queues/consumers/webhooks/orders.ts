import type { VersionedSettings } from '../../../domain/contracts/settings.ts'
import { commandsForOrder, commandsForRefund } from '../../../domain/earning/commands.ts'
import type { Buyer, RefundFacts } from '../../../domain/earning/facts.ts'
import { customerIdOfGid, customerIdOfGuest } from '../../../domain/ledger/identity.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { BatchOutcome } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { bookingSettings } from '../../../workers/platform/control.ts'
import { neonBatch } from '../../../workers/platform/neon.ts'
import { DONE, pooled, reasonOf, type Settlements } from '../../batch.ts'
import { logLine } from '../../../workers/platform/log.ts'
import {
  deleteWaiting,
  parseOwners,
  parseWaiting,
  selectOwners,
  selectWaiting,
  storeWaiting,
  type OrderOwner,
} from '../../projections/waiting-refunds.ts'
import type { OrderReceived, RefundReceived } from './received.ts'

/** What one message asks of one account. */
interface Task {
  readonly message: Message
  readonly owner: OrderOwner
  readonly commands: readonly Command[]
}

/** Told how each command of an order ended. */
export type OutcomeNote = (command: Command, outcome: BatchOutcome) => void

const ACCOUNTS_AT_ONCE = 32
/** The look into Postgres is worth this much of an order's way to the screen. */
const LOOK_TIMEOUT_MS = 1_000

/**
 * Books a merchant's orders and refunds: all commands of a customer in one call, refunds before the earn of their
 * order, so that it earns on the net amount at once.
 */
export async function bookOrders(
  env: Env,
  merchantId: string,
  orders: readonly OrderReceived[],
  refunds: readonly RefundReceived[],
  settlements: Settlements,
  note: OutcomeNote = () => undefined,
): Promise<void> {
  if (orders.length === 0 && refunds.length === 0) return
  const buyers = ownersInBatch(merchantId, orders)
  // A refund whose order is in the same batch needs no database to find its owner.
  const [beside, alone] = partition(refunds, ({ webhook }) => buyers.has(webhook.refund.order_gid))
  const [lone, { waiting, known }, settings] = await Promise.all([
    placeLoneRefunds(env, merchantId, alone, settlements),
    lookUp(env, merchantId, [...buyers.keys()]),
    settingsFor(env, merchantId, orders, settlements),
  ])
  // An order stays with whoever it was booked for, also when the shop gives it to another customer later: or it would
  // earn twice, and its cancellation would look for its points where they are not.
  const owners = new Map([...buyers, ...known])
  const tasks = [
    ...beside.flatMap((refund) => refundTask(refund, owners)),
    ...lone,
    ...(settings === undefined ? [] : orders.flatMap((order) => orderTask(order, owners, waiting, settings))),
  ]
  const accounts = Map.groupBy(tasks, ({ owner }) => owner.customerId)
  await pooled(accounts, ACCOUNTS_AT_ONCE, ([, theirs]) => execute(env, theirs, settlements, note))
  await forget(
    env,
    merchantId,
    [...alone.map(({ webhook }) => webhook.refund), ...[...waiting.values()].flat()],
    tasks,
    settlements,
  )
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}

function customerOf(merchantId: string, buyer: Buyer): OrderOwner | undefined {
  switch (buyer.kind) {
    case 'customer': {
      const customerId = customerIdOfGid(merchantId, buyer.customer_gid)
      return { merchantId, customerId, shopifyCustomerGid: buyer.customer_gid }
    }
    case 'guest':
      return { merchantId, customerId: customerIdOfGuest(merchantId, buyer.email_index), shopifyCustomerGid: null }
    case 'nobody':
      return undefined
  }
}

/** Test orders book nothing, and so own no refund. */
function ownersInBatch(merchantId: string, orders: readonly OrderReceived[]): Map<string, OrderOwner> {
  const owners = new Map<string, OrderOwner>()
  for (const { webhook } of orders) {
    const owner = webhook.order.test ? undefined : customerOf(merchantId, webhook.order.buyer)
    if (owner !== undefined) owners.set(webhook.order.order_gid, owner)
  }
  return owners
}

function refundTask({ message, webhook }: RefundReceived, owners: ReadonlyMap<string, OrderOwner>): Task[] {
  const owner = owners.get(webhook.refund.order_gid)
  return owner === undefined ? [] : [{ message, owner, commands: commandsForRefund(webhook.refund) }]
}

/**
 * Stores refunds first, commits, and only then looks for their owners: the other side of the meeting described in
 * projections/waiting-refunds.ts. A refund without an owner has been dealt with: it waits.
 */
async function placeLoneRefunds(
  env: Env,
  merchantId: string,
  refunds: readonly RefundReceived[],
  settlements: Settlements,
): Promise<Task[]> {
  if (refunds.length === 0) return []
  try {
    const facts = refunds.map(({ webhook }) => webhook.refund)
    await neonBatch(env, merchantId, [storeWaiting(merchantId, facts, new Date().toISOString())])
    const [rows] = await neonBatch(env, merchantId, [selectOwners(facts.map((refund) => refund.order_gid))])
    const owners = parseOwners(merchantId, rows)
    return refunds.flatMap((refund) => refundTask(refund, owners))
  } catch (error) {
    for (const { message } of refunds) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    return []
  }
}

/** What Postgres knows of orders. */
interface KnownOrders {
  /** Refunds that came before. */
  readonly waiting: ReadonlyMap<string, readonly RefundFacts[]>
  /** Whom they were booked for. */
  readonly known: ReadonlyMap<string, OrderOwner>
}

const NOTHING_KNOWN: KnownOrders = { waiting: new Map(), known: new Map() }

/**
 * What Postgres knows of these orders. Without Postgres that is nothing; the order is booked all the same, and the
 * events consumer finds the refunds once the entry arrives there.
 */
async function lookUp(env: Env, merchantId: string, orderGids: readonly string[]): Promise<KnownOrders> {
  if (orderGids.length === 0) return NOTHING_KNOWN
  try {
    const statements = [selectWaiting(orderGids), selectOwners(orderGids)]
    const [waiting, owners] = await neonBatch(env, merchantId, statements, LOOK_TIMEOUT_MS)
    return { waiting: parseWaiting(waiting), known: parseOwners(merchantId, owners) }
  } catch (error) {
    logLine('warn', 'orders not looked up', { merchant_id: merchantId, reason: reasonOf(error) })
    return NOTHING_KNOWN
  }
}

/** Undefined if there are no orders, or if they must wait. */
async function settingsFor(
  env: Env,
  merchantId: string,
  orders: readonly OrderReceived[],
  settlements: Settlements,
): Promise<VersionedSettings | undefined> {
  if (orders.length === 0) return undefined
  try {
    return await bookingSettings(env, merchantId)
  } catch (error) {
    for (const { message } of orders) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    return undefined
  }
}

function orderTask(
  { message, webhook: { order } }: OrderReceived,
  owners: ReadonlyMap<string, OrderOwner>,
  waiting: ReadonlyMap<string, readonly RefundFacts[]>,
  settings: VersionedSettings,
): Task[] {
  const owner = owners.get(order.order_gid)
  if (owner === undefined) return []
  const before = (waiting.get(order.order_gid) ?? []).flatMap(commandsForRefund)
  const commands = [...before, ...commandsForOrder(order, settings)]
  return commands.length === 0 ? [] : [{ message, owner, commands }]
}

/** One call for all that one customer's messages ask. A refusal is an answer: it is written down, not repeated. */
async function execute(env: Env, tasks: readonly Task[], settlements: Settlements, note: OutcomeNote): Promise<void> {
  const [first] = tasks
  if (first === undefined) return
  const { merchantId, customerId } = first.owner
  const shopifyCustomerGid =
    tasks.find(({ owner }) => owner.shopifyCustomerGid !== null)?.owner.shopifyCustomerGid ?? null
  const commands = tasks.flatMap((task) => task.commands)
  try {
    const outcomes = await withRetry(
      () => customerAccount(env, merchantId, customerId),
      (account) =>
        account.executeBatch({ merchantId, customerId, shopifyCustomerGid, currency: currencyOf(commands) }, commands),
    )
    for (const [index, outcome] of outcomes.entries()) {
      const command = commands[index]
      if (command === undefined) continue
      note(command, outcome)
      if (outcome.outcome !== 'refused' || isEditedEarn(command, outcome, commands)) continue
      const { kind } = command
      const { code, detail } = outcome.refusal
      logLine('warn', 'command refused', { merchant_id: merchantId, customer_id: customerId, kind, code, detail })
    }
    for (const { message } of tasks) settlements.note(message, DONE)
  } catch (error) {
    for (const { message } of tasks) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

/** An edited order that is in the books earned on what it was before: no wonder, and the edit beside it says the rest. */
export function isEditedEarn(command: Command, outcome: BatchOutcome, beside: readonly Command[]): boolean {
  if (command.kind !== 'earn_order' || outcome.outcome !== 'refused') return false
  if (outcome.refusal.code !== 'external_id_conflict') return false
  return beside.some((other) => other.kind === 'edit_order' && other.orderGid === command.orderGid)
}

/** The shop's currency, as far as the commands tell. */
function currencyOf(commands: readonly Command[]): string | null {
  const earn = commands.find((command) => command.kind === 'earn_order')
  return earn?.rule.currency ?? null
}

/** Deletes waiting refunds that were delivered. One left behind is delivered again, which changes nothing. */
async function forget(
  env: Env,
  merchantId: string,
  stored: readonly RefundFacts[],
  tasks: readonly Task[],
  settlements: Settlements,
): Promise<void> {
  const booked = new Set<string>()
  for (const { message, commands } of tasks) {
    if (settlements.get(message).kind !== 'done') continue
    for (const command of commands) if (command.kind === 'clawback') booked.add(command.refundGid)
  }
  const delivered = stored.filter(({ refund_gid }) => booked.has(refund_gid))
  if (delivered.length === 0) return
  try {
    await neonBatch(env, merchantId, [deleteWaiting(delivered)])
  } catch (error) {
    logLine('warn', 'waiting refunds not deleted', { merchant_id: merchantId, reason: reasonOf(error) })
  }
}
