import { LauncherElement } from './launcher-element.ts'
import type { Loyalnest } from './loyalnest-api.ts'
import { storeAt, tell } from './store.ts'

/** The bundle that a storefront loads: button, panel and the JS API of docs/theme-developers.md. */
function launcher() {
  const element = document.querySelector('loyalnest-launcher')
  return element instanceof LauncherElement ? element.launcher : undefined
}

const api: Loyalnest = {
  open: (tab) => launcher()?.open(tab),
  close: () => launcher()?.close(),
  toggle: () => launcher()?.toggle(),
  get balance() {
    return storeAt().balance
  },
  on: (event, listener) => document.addEventListener(`loyalnest:${event}`, listener),
  storeAt,
}

// Loading it twice is harmless: the first one stays.
if (!window.loyalnest) {
  window.loyalnest = api
  customElements.define('loyalnest-launcher', LauncherElement)
  // Links of the theme's own menus: `<a href="#loyalnest">`, `<button data-loyalnest="codes">`.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('[data-loyalnest],[href$="#loyalnest"]')
    if (!link) return
    event.preventDefault()
    api.open(link.getAttribute('data-loyalnest'))
  })
  tell('ready')
}
