import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { Balance, TransactionsPage } from '../../domain/contracts/points.ts'
import type { LocalInfo } from '../local/info.ts'

/** A merchant's developer at work: calls of the public API with the demo shop's key. */
export interface Api {
  /** Any call; `body` is sent as JSON. Writes get a fresh `Idempotency-Key` unless one is given. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  balance(customer: string): Promise<z.infer<typeof Balance>>
  transactionsPage(customer: string, cursor: string): Promise<z.infer<typeof TransactionsPage>>
  /** The newest 100. */
  transactions(customer: string): Promise<z.infer<typeof TransactionsPage>['transactions']>
  /** Waits until the customer's balance is as wanted; answers the last one seen when it takes longer than 15 s. */
  settled(customer: string, wanted: (balance: z.infer<typeof Balance>) => boolean): Promise<z.infer<typeof Balance>>
}

export function apiOf(info: LocalInfo): Api {
  const call: Api['call'] = (method, path, body, headers = {}) =>
    fetch(info.app + path, {
      method,
      headers: {
        authorization: `Bearer ${info.api_key}`,
        ...(method === 'GET' ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const balance: Api['balance'] = async (customer) => {
    const response = await call('GET', `/v1/api/points/balance?customer_id=${encodeURIComponent(customer)}`)
    return Balance.parse(await response.json())
  }
  const transactionsPage: Api['transactionsPage'] = async (customer, cursor) => {
    const query = new URLSearchParams({ customer_id: customer, limit: '100', ...(cursor === '' ? {} : { cursor }) })
    const response = await call('GET', `/v1/api/points/transactions?${query.toString()}`)
    return TransactionsPage.parse(await response.json())
  }
  return {
    call,
    balance,
    transactionsPage,
    transactions: async (customer) => (await transactionsPage(customer, '')).transactions,
    settled: async (customer, wanted) => {
      for (let tries = 0; ; tries++) {
        const now = await balance(customer)
        if (wanted(now) || tries === 150) return now
        await delay(100)
      }
    },
  }
}
