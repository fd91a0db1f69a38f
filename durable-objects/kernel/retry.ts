/** How often and how patiently {@link withRetry} tries. */
export interface RetryPolicy {
  /** Calls in all, the first one included. */
  readonly attempts: number
  /** The longest wait before the second call; doubles with each further one. */
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** 0 ≤ value < 1, for the jitter; tests give their own. */
  readonly random: () => number
  readonly wait: (delayMs: number) => Promise<void>
}

const DEFAULT_POLICY: RetryPolicy = {
  attempts: 4,
  baseDelayMs: 50,
  maxDelayMs: 1_000,
  random: Math.random,
  wait: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
}

/** Full jitter: anything between 0 and the doubled base, so that many callers do not come back together. */
export function backoffMs(attempt: number, baseDelayMs: number, maxDelayMs: number, random: () => number): number {
  return Math.floor(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** attempt))
}

/**
 * Whether an object's failure may go away by itself. workerd marks errors of a lost or restarting object `retryable`;
 * `overloaded` means that more calls would make it worse.
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return flag(error, 'retryable') && !flag(error, 'overloaded')
}

function flag(error: Error, name: string): boolean {
  return Object.getOwnPropertyDescriptor(error, name)?.value === true
}

/**
 * Calls an object, again with a new stub after a retryable failure: a stub that failed stays broken.
 * For calls that may safely happen twice; commands of the ledger are, by their external id.
 */
export async function withRetry<Stub, Result>(
  newStub: () => Stub,
  call: (stub: Stub) => Promise<Result>,
  policy: Partial<RetryPolicy> = {},
): Promise<Result> {
  const { attempts, baseDelayMs, maxDelayMs, random, wait } = { ...DEFAULT_POLICY, ...policy }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call(newStub())
    } catch (error) {
      if (attempt + 1 >= attempts || !isRetryable(error)) throw error
      await wait(backoffMs(attempt, baseDelayMs, maxDelayMs, random))
    }
  }
}
