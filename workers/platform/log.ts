/** What is written down about one request. No address, no token, no personal data. */
export interface RequestRecord {
  readonly requestId: string
  /** Operation id, or null where no operation was reached. */
  readonly operation: string | null
  readonly method: string
  readonly status: number
  readonly durationMs: number
  readonly merchantId: string | null
  /** The error code of a refusal. */
  readonly code?: string
}

/** Writes one JSON line for one request. */
export function logRequest(record: RequestRecord): void {
  // oxlint-disable-next-line no-console -- the console is where Workers' logs come from
  console.log(JSON.stringify({ level: record.status >= 500 ? 'error' : 'info', message: 'request', ...record }))
}

/**
 * Writes down a fault of ours with its stack. Only the class and the place of an error go in: messages of other
 * people's errors may carry what they were about.
 */
export function logFault(requestId: string, error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined
  const record = {
    level: 'error',
    message: 'fault',
    requestId,
    error: error instanceof Error ? error.name : typeof error,
    at: stack?.split('\n').filter((line) => line.trimStart().startsWith('at ')),
  }
  // oxlint-disable-next-line no-console -- as above
  console.error(JSON.stringify(record))
}
