import type { Balance } from '../../domain/contracts/points.ts'
import type { Store } from './store.ts'

/** `window.loyalnest`: the JS API of docs/theme-developers.md. */
export interface Loyalnest {
  /** Opens the panel, at `rewards`, `earn`, `codes` or `history`. Needs a `<loyalnest-launcher>` on the page. */
  open(tab?: string | null): void
  close(): void
  toggle(): void
  /** The newest balance; undefined while nobody is logged in, or before it is known. */
  readonly balance: Balance | undefined
  /** Listens to `loyalnest:{event}` on the document. */
  on(event: string, listener: (event: Event) => void): void
  /** For LoyalNest's own blocks and page, which share session, stream and data. No promise to others. */
  readonly storeAt: (proxy: string | null) => Store
}

declare global {
  interface Window {
    loyalnest?: Loyalnest
  }
}
