import type { Balance, Simulation, StreamMessage, Transaction } from '../../domain/contracts/points.ts'
import type { Redemption, Reward } from '../../domain/contracts/rewards.ts'
import type { StorefrontProgram } from '../../domain/contracts/widget.ts'
import { type StreamState, followPoints } from '../shared/points-stream.ts'
import { Refused, type StorefrontSession, storefrontSession } from '../shared/storefront-session.ts'
import { type Cart, type Purchase, hasCode, onCartChange, purchaseOf, readCart } from './cart.ts'

export type Estimate = (typeof Simulation)['_output']

/** What the lists hold, each by the name that it has in the API's answers. */
interface Items {
  readonly rewards: Reward
  readonly redemptions: Redemption
  readonly transactions: Transaction
}
export type ListName = keyof Items

/** A list of which the first pages are there. */
export interface List<T> {
  /** Undefined: nothing is there yet. */
  items?: readonly T[] | undefined
  /** Cursor of what comes next; null at the end. */
  next?: string | null
  /** The last attempt to load it failed. */
  failed?: boolean
}

export type Lists = { readonly [K in ListName]: List<Items[K]> }

/** Themes change a cart in several requests. */
const CART_SETTLES_MS = 200

/** The lists that bookings change. */
const OWN = ['redemptions', 'transactions'] as const

const PATHS: Readonly<Record<ListName, string>> = {
  rewards: '/rewards?limit=100',
  redemptions: '/redemptions?limit=20',
  transactions: '/points/transactions?limit=20',
}

type Answer = { readonly next_cursor: string | null } & { readonly [K in ListName]: readonly Items[K][] }

/** Called after each change; `change`: by how many points the balance has just moved, live. */
export type Watcher = (change: number) => void

/** Tells the page; docs/theme-developers.md says what. False if a listener prevented what would come next. */
export function tell(name: string, detail: object = {}): boolean {
  return document.dispatchEvent(new CustomEvent(`loyalnest:${name}`, { detail, cancelable: true }))
}

/** The list with a redemption in its newest version: in its place, or in front. */
export function withNews(list: readonly Redemption[], news: Redemption): readonly Redemption[] {
  if (!list.some(({ id }) => id === news.id)) return [news, ...list]
  return list.map((one) => (one.id === news.id && one.version < news.version ? news : one))
}

/** What all elements of a page share: one session, one stream, one copy of the data. */
export interface Store {
  stream: StreamState
  balance?: Balance
  program?: StorefrontProgram
  cart?: Cart
  /** What the cart would earn; undefined: nothing in it, or not known. */
  estimate?: Estimate | undefined
  lists: Lists
  readonly session: StorefrontSession
  /** Calls back after each change, until the answer is called. */
  watch(watcher: Watcher): () => void
  /** Goes live, once a page. */
  connect(): void
  /** What the merchant has set; asked for once a page, and again after a failure. Rejects as the session does. */
  loadProgram(): Promise<StorefrontProgram>
  /** Loads a list anew; with `more` the page after those that are there. Its `failed` says what came of it. */
  load(name: ListName, more?: boolean): Promise<void>
  /** Reads the cart and what it would earn, now and after each of its changes. A storefront without one is no error. */
  readonly followCart: () => void
  /** What a purchase would earn, by the shop's rule. */
  estimateOf(purchase: Purchase): Promise<Estimate>
  /** Puts a code into the cart, beside those that it has. Whether the cart takes it. */
  applyCode(code: string): Promise<boolean>
  /**
   * Turns points into a code (`/rewards/{id}/redeem`), or gives one back (`/redemptions/{id}/cancel`). As long as no answer
   * has come, the same write is the same request. @throws {Refused} or what fetch throws
   */
  write(path: string, body: object): Promise<Redemption>
}

function emptyLists(): Lists {
  return { rewards: {}, redemptions: {}, transactions: {} }
}

function createStore(proxy: string): Store {
  const session = storefrontSession(proxy)
  const watchers = new Set<Watcher>()
  const keys = new Map<string, string>()
  let unfollow: (() => void) | undefined
  let loadingProgram: Promise<StorefrontProgram> | undefined
  let cartTimer: ReturnType<typeof setTimeout> | undefined

  function changed(change = 0): void {
    for (const watcher of watchers) watcher(change)
  }

  function take(redemption: Redemption): void {
    const { redemptions } = store.lists
    redemptions.items = withNews(redemptions.items ?? [], redemption)
    tell('redemption', { redemption })
    changed()
  }

  function receive(message: StreamMessage): void {
    if (message.type === 'redemption') return take(message.redemption)
    const { balance } = message
    const before = store.balance
    // Another customer has logged in: nothing of the one before is shown.
    if (before && before.customer_id !== balance.customer_id) store.lists = emptyLists()
    store.balance = balance
    const change = message.type === 'change' && before ? balance.points - before.points : 0
    tell('balance', { balance, change })
    // Also the first message of each connection: what became of codes without one nobody has told us.
    for (const name of OWN) if (store.lists[name].items) void store.load(name)
    changed(change)
  }

  function tellEstimate(estimate?: Estimate): void {
    store.estimate = estimate
    changed()
  }

  async function readEstimate(): Promise<Estimate | undefined> {
    const { currency } = await store.loadProgram()
    store.cart = await readCart()
    return store.cart.items.length > 0 ? store.estimateOf(purchaseOf(store.cart, currency)) : undefined
  }

  const store: Store = {
    stream: 'connecting',
    lists: emptyLists(),
    session,
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    connect: () => {
      unfollow ??= followPoints({
        session,
        onMessage: receive,
        onState: (state) => {
          store.stream = state
          changed()
        },
      })
    },
    loadProgram: () =>
      (loadingProgram ??= session.call<StorefrontProgram>('/core/program').then(
        (program) => {
          store.program = program
          changed()
          return program
        },
        (error: unknown) => {
          loadingProgram = undefined
          throw error
        },
      )),
    load: async (name, more) => {
      const list: List<unknown> = store.lists[name]
      list.failed = false
      try {
        const answer = await session.call<Answer>(PATHS[name] + (more ? `&cursor=${list.next}` : ''))
        list.items = more ? [...(list.items ?? []), ...answer[name]] : answer[name]
        list.next = answer.next_cursor
      } catch {
        list.failed = true
      }
      changed()
    },
    followCart: () => {
      if (!cartTimer) onCartChange(store.followCart)
      clearTimeout(cartTimer)
      cartTimer = setTimeout(() => void readEstimate().then(tellEstimate, () => tellEstimate()), CART_SETTLES_MS)
    },
    estimateOf: (purchase) => session.call('/points/simulate', purchase),
    applyCode: async (code) => {
      const { discount_codes: codes = [] } = await readCart()
      store.cart = await readCart([...codes.map((one) => one.code), code].join())
      return hasCode(store.cart, code)
    },
    write: async (path, body) => {
      const intent = path + JSON.stringify(body)
      const key = keys.get(intent) ?? crypto.randomUUID()
      keys.set(intent, key)
      try {
        const redemption = await session.call<Redemption>(path, body, key)
        keys.delete(intent)
        take(redemption)
        return redemption
      } catch (error) {
        if (error instanceof Refused && error.isDefinite) keys.delete(intent)
        throw error
      } finally {
        // Limits may have been reached.
        void store.load('rewards')
      }
    },
  }
  return store
}

let shared: Store | undefined

/** The page's store; the first who asks says where the storefront forwards to LoyalNest. */
export function storeAt(proxy?: string | null): Store {
  return (shared ??= createStore(proxy ?? '/apps/loyalnest'))
}
