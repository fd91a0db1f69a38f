import { rateOf } from '../cart.ts'
import { option, voiceFor } from '../options.ts'
import { storeOf } from './block-store.ts'
import { currentPrice } from './product.ts'
import STYLE from './product-points.css?inline'
import { fill } from '../voice.ts'

const WATCHED = ['data-price', 'price', 'data-prices', 'prices']

/**
 * `<loyalnest-product-points>`: "Earns 59 points", for the product of the page, by the shop's rule. Its attributes are in
 * docs/theme-developers.md. It keeps its line from the beginning, so that nothing moves when the answer comes.
 */
export class ProductPointsElement extends HTMLElement {
  static readonly observedAttributes = WATCHED
  readonly #text = document.createElement('span')
  #listening = new AbortController()
  /** Grows with each question: a late answer to an earlier one is ignored. */
  #question = 0

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    root.append(this.#text)
    // Another variant says another number; it is read when the shopper rests.
    this.#text.ariaLive = 'polite'
  }

  connectedCallback(): void {
    this.#listening = new AbortController()
    // A theme changes the chosen variant after its own listeners to the picker have run.
    const soon = () => setTimeout(() => this.#ask(), 50)
    document.addEventListener('change', soon, { signal: this.#listening.signal })
    addEventListener('popstate', soon, { signal: this.#listening.signal })
    this.#ask()
  }

  disconnectedCallback(): void {
    this.#listening.abort()
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#ask()
  }

  #ask(): void {
    const mine = ++this.#question
    void this.#answer().then(
      (text) => mine === this.#question && this.isConnected && this.#say(text),
      // Not knowing is no news on a product page.
      () => mine === this.#question && this.#say(''),
    )
  }

  #say(text: string): void {
    if (this.#text.textContent !== text) this.#text.textContent = text
    this.dataset['state'] = text === '' ? 'empty' : 'known'
  }

  async #answer(): Promise<string> {
    const price = currentPrice(option(this, 'prices'), option(this, 'price'))
    if (price === null) return ''
    const store = storeOf(this)
    const [voice, { currency: shop }] = await Promise.all([voiceFor(this, store), store.loadProgram()])
    const currency = option(this, 'currency') ?? window.Shopify?.currency?.active ?? shop
    const lines = [{ amount: price, gift_card: option(this, 'gift-card') !== null }]
    const { points, is_estimate } = await store.estimateOf({ currency, exchange_rate: rateOf(currency, shop), lines })
    return points > 0 ? fill(voice.texts.product, (is_estimate ? '≈ ' : '') + voice.points(points)) : ''
  }
}
