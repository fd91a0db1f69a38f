import { DurableObject } from 'cloudflare:workers'
import { MERCHANT_HUB_MIGRATIONS } from '../../migrations/durable-objects/merchant-hub/index.ts'
import { isMigrated, migrate } from '../kernel/migrate.ts'
import type { HubStatus, MerchantHubRpc, ShopifyAccess, ShopifyConnection, UsageCounts } from '../kernel/protocol.ts'
import { RewardSlots } from './reward-slots.ts'
import { ShopTokenStore } from './shopify-access.ts'

/** What must be exact for one merchant as a whole. It sees coalesced batches, never one call an order. */
export class MerchantHub extends DurableObject<Env> implements MerchantHubRpc {
  #hasTables: boolean
  #shopTokens: ShopTokenStore | null = null
  readonly #rewardSlots: RewardSlots

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#rewardSlots = new RewardSlots(ctx.storage)
    this.#hasTables = isMigrated(ctx.storage.sql)
    if (this.#hasTables) migrate(ctx.storage, MERCHANT_HUB_MIGRATIONS)
  }

  async record(merchantId: string, { orders, events }: UsageCounts): Promise<void> {
    this.#admit(merchantId)
    this.#makeTables()
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

  async connectShopify(merchantId: string, shop: string, sessionToken: string): Promise<ShopifyConnection> {
    this.#admit(merchantId)
    return this.#tokens(merchantId).connect(shop, sessionToken)
  }

  async shopifyAccess(merchantId: string, shop: string, refused: string | null): Promise<ShopifyAccess> {
    this.#admit(merchantId)
    return this.#hasTables ? this.#tokens(merchantId).access(shop, refused) : { ok: false, problem: 'not_connected' }
  }

  async disconnectShopify(merchantId: string): Promise<void> {
    this.#admit(merchantId)
    if (this.#hasTables) this.#tokens(merchantId).disconnect()
  }

  async takeRewardSlot(merchantId: string, rewardId: string, redemptionId: string, limit: number): Promise<boolean> {
    this.#admit(merchantId)
    this.#makeTables()
    return this.#rewardSlots.take(rewardId, redemptionId, limit)
  }

  async freeRewardSlot(merchantId: string, rewardId: string, redemptionId: string): Promise<void> {
    this.#admit(merchantId)
    if (this.#hasTables) this.#rewardSlots.free(rewardId, redemptionId)
  }

  async rewardSlots(merchantId: string): Promise<Readonly<Record<string, number>>> {
    this.#admit(merchantId)
    return this.#hasTables ? this.#rewardSlots.counts() : {}
  }

  #tokens(merchantId: string): ShopTokenStore {
    this.#makeTables()
    this.#shopTokens ??= new ShopTokenStore(this.env, merchantId, this.ctx.storage.sql)
    return this.#shopTokens
  }

  #makeTables(): void {
    if (!this.#hasTables) migrate(this.ctx.storage, MERCHANT_HUB_MIGRATIONS)
    this.#hasTables = true
  }

  #admit(merchantId: string): void {
    if (this.ctx.id.name !== merchantId) throw new Error('This hub belongs to another merchant')
  }
}

/** The day in UTC, `2026-08-01`. */
function today(): string {
  return new Date().toISOString().slice(0, 10)
}
