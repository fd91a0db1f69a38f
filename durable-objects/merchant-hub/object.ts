import { DurableObject } from 'cloudflare:workers'
import { MERCHANT_HUB_MIGRATIONS } from '../../migrations/durable-objects/merchant-hub/index.ts'
import { isMigrated, migrate } from '../kernel/migrate.ts'
import type { HubStatus, MerchantHubRpc, UsageCounts } from '../kernel/protocol.ts'

/** What must be exact for one merchant as a whole. It sees coalesced batches, never one call an order. */
export class MerchantHub extends DurableObject<Env> implements MerchantHubRpc {
  #hasTables: boolean

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#hasTables = isMigrated(ctx.storage.sql)
    if (this.#hasTables) migrate(ctx.storage, MERCHANT_HUB_MIGRATIONS)
  }

  async record(merchantId: string, { orders, events }: UsageCounts): Promise<void> {
    this.#admit(merchantId)
    if (!this.#hasTables) migrate(this.ctx.storage, MERCHANT_HUB_MIGRATIONS)
    this.#hasTables = true
    this.ctx.storage.sql.exec(
      `INSERT INTO usage_days (day, orders, events) VALUES (?, ?, ?)
       ON CONFLICT (day) DO UPDATE SET orders = orders + excluded.orders, events = events + excluded.events`,
      today(),
      orders,
      events,
    )
  }

  async status(merchantId: string): Promise<HubStatus> {
    this.#admit(merchantId)
    const day = today()
    const row = this.#hasTables
      ? this.ctx.storage.sql
          .exec<{ orders: number; events: number }>('SELECT orders, events FROM usage_days WHERE day = ?', day)
          .toArray()[0]
      : undefined
    return { today: day, orders: row?.orders ?? 0, events: row?.events ?? 0 }
  }

  #admit(merchantId: string): void {
    if (this.ctx.id.name !== merchantId) throw new Error('This hub belongs to another merchant')
  }
}

/** The day in UTC, `2026-08-01`. */
function today(): string {
  return new Date().toISOString().slice(0, 10)
}
