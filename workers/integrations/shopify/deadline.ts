/**
 * Runs something that can be aborted, and aborts it at `deadlineMs` (on the scale of `Date.now()`). Unlike
 * `AbortSignal.timeout` it leaves no timer behind, which would keep an object awake until it rings.
 */
export async function untilDeadline<T>(deadlineMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), Math.max(1, deadlineMs - Date.now()))
  try {
    return await run(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}
