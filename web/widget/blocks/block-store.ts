import type { Loyalnest } from '../loyalnest-api.ts'
import { option } from '../options.ts'
import type { Store } from '../store.ts'

/** Session, stream and data of the page, which loyalnest.js brings. @throws before that is loaded */
export function storeOf(element: Element): Store {
  const page: Loyalnest | undefined = window.loyalnest
  const store = page?.storeAt(option(element, 'proxy'))
  if (!store) throw new Error('loyalnest.js must be loaded before loyalnest-blocks.js')
  return store
}

/** Calls back when loyalnest.js is there: now, or once it is. */
export function whenReady(ready: () => void): void {
  if (window.loyalnest) ready()
  else document.addEventListener('loyalnest:ready', ready, { once: true })
}
