import { BalanceElement } from './balance-element.ts'
import { whenReady } from './block-store.ts'
import { ProductPointsElement } from './product-points-element.ts'

// The bundle of the blocks, for pages that have one: loyalnest.js is small because these are not in it.
whenReady(() => {
  if (customElements.get('loyalnest-balance')) return
  customElements.define('loyalnest-balance', BalanceElement)
  customElements.define('loyalnest-product-points', ProductPointsElement)
})
