import type { StreamState } from '../../shared/points-stream.ts'
import { countAt } from './count.ts'
import { option, voiceFor } from '../options.ts'
import { storeOf } from './block-store.ts'
import { claimSpeech, releaseSpeech } from './speech.ts'
import STYLE from './balance.css?inline'
import type { Store } from '../store.ts'
import { type Voice, voiceOf } from '../voice.ts'

const CHANGE_SHOWN_MS = 6_000

function element(className: string, parent: ParentNode): HTMLElement {
  const made = document.createElement('span')
  made.className = className
  parent.append(made)
  return made
}

/**
 * `<loyalnest-balance>`: the shopper's points, live. Its attributes are in docs/theme-developers.md. `data-state` tells a
 * theme the {@link StreamState}.
 */
export class BalanceElement extends HTMLElement {
  #store: Store | undefined
  #voice: Voice = voiceOf()
  #unwatch: (() => void) | undefined
  /** Undefined until the first balance: that one appears without counting. */
  #shown: number | undefined
  #frame = 0
  #changeTimer: ReturnType<typeof setTimeout> | undefined
  readonly #link = document.createElement('a')
  readonly #number = element('number', this.#link)
  readonly #text = element('text', this.#link)
  readonly #change: HTMLElement
  readonly #live: HTMLElement

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    this.#link.className = 'balance'
    root.append(this.#link)
    this.#change = element('change', root)
    this.#change.ariaHidden = 'true'
    // The counting number would be read out at every frame; this one says each result once.
    this.#live = element('live', root)
    this.#live.ariaLive = 'polite'
    this.#number.ariaHidden = 'true'
    this.#text.ariaHidden = 'true'
  }

  connectedCallback(): void {
    claimSpeech(this)
    void this.#begin()
  }

  disconnectedCallback(): void {
    releaseSpeech(this)
    this.#unwatch?.()
    this.#unwatch = undefined
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#changeTimer)
  }

  async #begin(): Promise<void> {
    const isVisitor = option(this, 'visitor') !== null
    const store = storeOf(this)
    // Goes live while the language loads: the balance is what is waited for.
    if (!isVisitor) store.connect()
    this.#voice = await voiceFor(this, store)
    if (!this.isConnected || this.#unwatch) return
    if (isVisitor) return this.#state('visitor')
    this.#store = store
    this.#unwatch = store.watch((change) => this.#draw(change))
    this.#draw(0)
  }

  #draw(change: number): void {
    if (!this.#store) return
    const { balance, stream } = this.#store
    if (balance && (stream === 'live' || stream === 'offline')) this.#show(balance.points, change)
    this.#state(stream)
  }

  #show(points: number, change: number): void {
    const { number, unit } = this.#voice
    const from = this.#shown
    if (from === points) return
    this.#text.textContent = unit(points)
    this.#count(from ?? points, points)
    const total = `${number(points)} ${unit(points)}`
    if (change === 0) return this.#say(total)
    const moved = this.#voice.change(change)
    this.#say(`${moved}. ${total}`)
    this.#change.textContent = moved
    this.#change.className = change < 0 ? 'change shown down' : 'change shown'
    clearTimeout(this.#changeTimer)
    this.#changeTimer = setTimeout(() => this.#change.classList.remove('shown'), CHANGE_SHOWN_MS)
  }

  /** Of several elements on a page one speaks, the launcher first; the others keep their text for whoever walks through. */
  #say(text: string): void {
    const isHeard = claimSpeech(this) && !document.querySelector('loyalnest-launcher')
    this.#live.ariaLive = isHeard ? 'polite' : 'off'
    this.#live.textContent = text
  }

  #count(from: number, to: number): void {
    cancelAnimationFrame(this.#frame)
    this.#shown = to
    const still = document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches
    const startMs = performance.now()
    const step = () => {
      const value = still ? to : countAt(from, to, performance.now() - startMs)
      this.#number.textContent = this.#voice.number(value)
      if (value !== to) this.#frame = requestAnimationFrame(step)
    }
    step()
  }

  #state(state: StreamState): void {
    this.dataset['state'] = state
    const { texts } = this.#voice
    const known = this.#shown !== undefined
    this.#link.title = state === 'offline' ? texts.offline : texts.label
    const login = option(this, 'login')
    if (state === 'visitor' && login) this.#link.href = login
    else this.#link.removeAttribute('href')
    if (state === 'live' || (known && state !== 'visitor' && state !== 'stopped')) return
    this.#number.textContent = ''
    this.#shown = undefined
    // While it loads there is only its outline: a sentence would give way to a number, and move.
    this.#text.textContent = state === 'connecting' ? '' : texts[state]
    // A link speaks for itself; a state is announced.
    const isLink = state === 'visitor' && login !== null
    this.#text.ariaHidden = isLink ? null : 'true'
    this.#say(isLink ? '' : texts[state])
  }
}
