/** What Shopify does later is asked for after 100 ms, then at growing distances. */
const FIRST_WAIT_MS = 100
const MOST_WAIT_MS = 1_000

/** Waits before round `round` (from 0) of asking; false: the deadline comes first. */
export async function waitForRound(round: number, deadlineMs: number): Promise<boolean> {
  const delayMs = Math.min(MOST_WAIT_MS, Math.round(FIRST_WAIT_MS * 1.6 ** round))
  if (Date.now() + delayMs >= deadlineMs) return false
  await new Promise((resolve) => setTimeout(resolve, delayMs))
  return true
}
