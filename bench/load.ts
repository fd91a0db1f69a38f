import autocannon from 'autocannon'

/** One request that a load run sends. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What a load run saw. Rates are requests a second, times milliseconds. */
export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly answered: number
  readonly failed: number
  /** Processor milliseconds that the server took for one request; not bound by the client. */
  readonly serverCpuMsPerRequest: number
}

/** Options of {@link hammer}: as fast as it goes for `seconds`, or `perSecond` steadily, or `amount` requests in all. */
export interface LoadOptions {
  readonly origin: string
  readonly requests: readonly LoadRequest[]
  readonly connections: number
  readonly seconds: number
  readonly perSecond?: number
  readonly amount?: number
  /** Reads the server's processor time so far, in milliseconds. */
  readonly serverCpuMs: () => number
}

/** Sends the requests in turn, round and round, and waits for the answers. */
export async function hammer(options: LoadOptions): Promise<LoadResult> {
  const cpuBeforeMs = options.serverCpuMs()
  let next = 0
  const result = await autocannon({
    url: options.origin,
    connections: options.connections,
    duration: options.seconds,
    ...(options.perSecond === undefined ? {} : { overallRate: options.perSecond }),
    ...(options.amount === undefined ? {} : { amount: options.amount }),
    requests: [
      {
        // One counter over all connections, so that no two connections send the same unique request at once.
        setupRequest: (request) => {
          const chosen = options.requests[next++ % options.requests.length]
          return chosen === undefined
            ? request
            : {
                ...request,
                method: chosen.method,
                path: chosen.path,
                headers: { ...request.headers, ...chosen.headers },
                ...(chosen.body === undefined ? {} : { body: chosen.body }),
              }
        },
      },
    ],
  })
  const answered = result['2xx']
  return {
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    answered,
    failed: result.non2xx + result.errors + result.timeouts,
    serverCpuMsPerRequest: (options.serverCpuMs() - cpuBeforeMs) / Math.max(1, result.requests.total),
  }
}
