/** What a line may say: ids, counts, codes. No address, no token, no secret, no personal data. */
type Fields = Readonly<Record<string, string | number | null>>

/** Writes one JSON line, where Workers' logs come from. */
export function logLine(level: 'info' | 'warn' | 'error', message: string, fields: Fields): void {
  // oxlint-disable-next-line no-console -- the console is where Workers' logs come from
  console[level](JSON.stringify({ level, message, ...fields }))
}

/** What is written down about one request. */
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

/** Writes the one line of one request. */
export function logRequest(record: RequestRecord): void {
  logLine(record.status >= 500 ? 'error' : 'info', 'request', {
    request_id: record.requestId,
    operation: record.operation,
    method: record.method,
    status: record.status,
    duration_ms: record.durationMs,
    merchant_id: record.merchantId,
    ...(record.code === undefined ? {} : { code: record.code }),
  })
}

/**
 * Writes down a fault of ours with its stack. Only the class and the place of an error go in: messages of other
 * people's errors may carry what they were about.
 */
export function logFault(requestId: string, error: unknown): void {
  const places =
    error instanceof Error ? error.stack?.split('\n').filter((line) => line.trimStart().startsWith('at ')) : []
  logLine('error', 'fault', {
    request_id: requestId,
    error: error instanceof Error ? error.name : typeof error,
    at: places?.map((line) => line.trim()).join(' ') ?? '',
  })
}
