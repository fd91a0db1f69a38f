import type { StreamMessage } from '../../domain/contracts/points.ts'
import { PointsStream, type StreamState } from '../shared/points-stream.ts'
import { countAt } from './count.ts'
import { STYLE } from './style.ts'
import { type Voice, voiceOf } from './strings.ts'

const CHANGE_SHOWN_MS = 6_000

function element(className: string, parent: ParentNode): HTMLElement {
  const made = document.createElement('span')
  made.className = className
  parent.append(made)
  return made
}

/**
 * `<loyalnest-balance proxy="/apps/loyalnest" login="/account/login">`: the shopper's points, live.
 *
 * Attributes: `proxy` (app proxy of the storefront), `visitor` (the theme knows that nobody is logged in: nothing is
 * asked), `login` (where a visitor logs in; without it the invitation is no
 * link), `lang` (else the language around it). Custom properties for themes: `--loyalnest-accent`,
 * `--loyalnest-surface`, `--loyalnest-text`. `data-state` tells a theme the {@link StreamState}.
 */
export class BalanceElement extends HTMLElement {
  #stream: PointsStream | undefined
  #voice: Voice = voiceOf('en')
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
    const around = this.closest('[lang]')
    this.#voice = voiceOf(around?.getAttribute('lang') || navigator.language)
    if (this.hasAttribute('visitor')) return this.#state('visitor')
    this.#stream = new PointsStream({
      proxy: this.getAttribute('proxy') ?? '/apps/loyalnest',
      onMessage: (message) => this.#show(message),
      onState: (state) => this.#state(state),
    })
  }

  disconnectedCallback(): void {
    this.#stream?.stop()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#changeTimer)
  }

  #show({ balance, ...message }: StreamMessage): void {
    const { number, unit, change } = this.#voice
    const points = balance.points
    const from = this.#shown
    this.#text.textContent = unit(points)
    this.#live.textContent = `${number(points)} ${unit(points)}`
    this.#count(from ?? points, points)
    if (message.type === 'balance' || from === undefined || from === points) return
    this.#live.textContent = `${change(points - from)}. ${this.#live.textContent}`
    this.#change.textContent = change(points - from)
    this.#change.className = points < from ? 'change shown down' : 'change shown'
    clearTimeout(this.#changeTimer)
    this.#changeTimer = setTimeout(() => this.#change.classList.remove('shown'), CHANGE_SHOWN_MS)
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
    const { strings } = this.#voice
    const known = this.#shown !== undefined
    this.#link.title = state === 'offline' ? strings.offline : strings.label
    const login = this.getAttribute('login')
    if (state === 'visitor' && login) this.#link.href = login
    else this.#link.removeAttribute('href')
    if (state === 'live' || (known && state !== 'visitor' && state !== 'stopped')) return
    this.#number.textContent = ''
    this.#shown = undefined
    this.#text.textContent = strings[state]
    // A link speaks for itself; a state is announced.
    const isLink = state === 'visitor' && login !== null
    this.#text.ariaHidden = isLink ? null : 'true'
    this.#live.textContent = isLink ? '' : strings[state]
  }
}
