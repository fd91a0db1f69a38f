/** How long the balance counts to its new value. */
const COUNT_MS = 900

/** Where the count stands after `elapsedMs` of {@link COUNT_MS}: fast at first, then settling. */
export function countAt(from: number, to: number, elapsedMs: number): number {
  const progress = Math.min(1, elapsedMs / COUNT_MS)
  return Math.round(from + (to - from) * (1 - (1 - progress) ** 3))
}
