import { setTimeout as delay } from 'node:timers/promises'
import type { DiskAccount } from './disk.ts'
import { type Journal, linesOf } from './journal.ts'
import type { World } from './workload.ts'

/**
 * What the reconciliation job does in production, played by the shop: local queues are in memory, so webhooks that were
 * taken die with workerd. What is not in the books is told once more, until it is.
 */
export async function reoffer(world: World, journal: Journal, read: () => readonly DiskAccount[]) {
  const told = { orders: 0, refunds: 0, cancellations: 0 }
  const lines = journal.read()
  const orders = new Map(linesOf(lines, 'order').map((line) => [line.order, line]))
  const merges = new Map(linesOf(lines, 'merge').map(({ removed, kept }) => [removed, kept]))
  const cancelled = new Set(linesOf(lines, 'cancelled').map(({ order }) => order))
  for (const { kept, removed } of linesOf(lines, 'merge')) await world.tellMerge(kept, removed)
  for (let round = 0; round < 20; round += 1) {
    await delay(round === 0 ? 2_000 : 1_000)
    const booked = new Set(read().flatMap(({ books }) => books.entries.map(({ externalId }) => externalId)))
    const missing = {
      orders: [...orders.values()].filter(
        ({ order }) => !cancelled.has(order) && !booked.has(`order:gid://shopify/Order/${order}:earn:base`),
      ),
      refunds: linesOf(lines, 'refund').filter(({ refund }) => !booked.has(`refund:gid://shopify/Refund/${refund}`)),
      cancellations: [...cancelled].filter((order) => !booked.has(`cancel:gid://shopify/Order/${order}`)),
    }
    if (missing.orders.length + missing.refunds.length + missing.cancellations.length === 0) break
    if (round === 0)
      for (const kind of ['orders', 'refunds', 'cancellations'] as const) told[kind] = missing[kind].length
    // By now the shop names the customer who was kept.
    const owner = (customer: string): string => {
      const kept = merges.get(customer)
      return kept === undefined ? customer : owner(kept)
    }
    for (const { order, customer, cents } of missing.orders) await world.tellOrder(order, owner(customer), cents)
    for (const { refund, order, cents } of missing.refunds) await world.tellRefund(refund, order, cents)
    for (const order of missing.cancellations) {
      const placed = orders.get(order)
      if (placed) await world.tellCancelled(order, owner(placed.customer), placed.cents)
    }
  }
  return told
}
