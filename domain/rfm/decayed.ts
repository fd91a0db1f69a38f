/**
 * Recency that sums over all orders: S = Σ 2^(−(A − t) / H). The last order alone, decayed, would rank exactly as plain
 * recency does. Kept undecayed, as s = log2 Σ 2^((t − L) / H) (forward decay, Cormode et al. 2009): ranks do not move
 * without orders, so nothing needs a nightly decay.
 */

/** After how many days an order counts half. */
export const DEFAULT_HALF_LIFE_DAYS = 90

const DAY_MS = 86_400_000
/** L: only differences to it count, it keeps the exponents small. 2020-01-01 UTC. */
const LANDMARK_MS = 1_577_836_800_000

/** What one order adds, as a logarithm. */
export function decayedOrder(orderedAtMs: number, halfLifeDays: number): number {
  return (orderedAtMs - LANDMARK_MS) / (halfLifeDays * DAY_MS)
}

/** log2(2^s + 2^x) without leaving the range of floats; null: no order yet. */
export function addDecayed(s: number | null, x: number): number {
  if (s === null) return x
  return Math.max(s, x) + Math.log2(1 + 2 ** -Math.abs(s - x))
}

/** s of all orders of a customer; null: none. Summed in ascending order, so that the same orders give the same bits. */
export function decayedRecency(orderedAtMs: readonly number[], halfLifeDays = DEFAULT_HALF_LIFE_DAYS): number | null {
  const ascending = orderedAtMs.toSorted((a, b) => a - b)
  return ascending.reduce<number | null>((s, atMs) => addDecayed(s, decayedOrder(atMs, halfLifeDays)), null)
}

/** S itself as of an instant: how many orders' worth of recent buying this is. 0 without orders. */
export function decayedAt(s: number | null, atMs: number, halfLifeDays = DEFAULT_HALF_LIFE_DAYS): number {
  return s === null ? 0 : 2 ** (s - decayedOrder(atMs, halfLifeDays))
}
