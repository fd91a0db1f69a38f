/**
 * Spreads an amount over parts by their weights, to the minor unit and without loss: everyone gets the whole units of their
 * share, and those with the largest remainders one more.
 * @param amountMinor at most the sum of the weights
 */
export function allocate(amountMinor: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return weights.map(() => 0)
  const shares = weights.map((weight, index) => {
    const exact = BigInt(amountMinor) * BigInt(weight)
    return { index, whole: Number(exact / BigInt(total)), rest: exact % BigInt(total) }
  })
  const given = shares.reduce((sum, { whole }) => sum + whole, 0)
  const byRest = shares.toSorted((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1))
  const luckier = new Set(byRest.slice(0, amountMinor - given).map(({ index }) => index))
  return shares.map(({ index, whole }) => whole + (luckier.has(index) ? 1 : 0))
}

/** A whole percentage of an amount, rounded half up. */
export function percentOf(amountMinor: number, percent: number): number {
  return Number((BigInt(amountMinor) * BigInt(percent) * 2n + 100n) / 200n)
}
