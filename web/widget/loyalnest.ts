import { BalanceElement } from './balance-element.ts'

/** The bundle that a storefront loads. Loading it twice is harmless. */
if (!customElements.get('loyalnest-balance')) customElements.define('loyalnest-balance', BalanceElement)
