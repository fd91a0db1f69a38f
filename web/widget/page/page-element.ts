import { inkOn } from '../appearance.ts'
import { patch } from '../dom.ts'
import PANEL_STYLE from '../launcher.css?inline'
import { option, voiceFor } from '../options.ts'
import { stageOf } from '../panel/stage.ts'
import type { Store } from '../store.ts'
import { collect, save } from './data.ts'
import { en, type PageTexts } from './languages/en.ts'
import PAGE_STYLE from './page.css?inline'
import { pageView, type OwnPart } from './page-view.ts'

const CHANGE_SAID_MS = 6_000
const PROGRAM_AGAIN_MS = 30_000

/** The page's own texts, a file of the app. English where it does not come. */
async function textsFor(language: string, store: Store): Promise<PageTexts> {
  if (language === 'en') return en
  try {
    const { app } = await store.session.current()
    const response = await fetch(`${app}/widget/lang/page/${language}.json`)
    return response.ok ? await response.json() : en
  } catch {
    return en
  }
}

function sheetOf(style: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  return sheet
}

/** The page in one element. */
function pageOf(host: HTMLElement, store: Store) {
  const shadow = host.attachShadow({ mode: 'open' })
  const frame = document.createElement('section')
  const stage = stageOf(host, store, shadow, draw, () => {})
  const { scene } = stage
  let own: OwnPart = { texts: en, isMain: option(host, 'heading') !== null, save: () => void download() }
  let unwatch: (() => void) | undefined
  let customer: string | undefined
  /** What the balance has just moved by, while it is news. */
  let moved = 0
  let isReady = false

  function draw(): void {
    if (!isReady) return
    const { voice } = scene
    const widget = store.program?.widget
    frame.lang = voice.texts.language
    frame.dir = voice.isRtl ? 'rtl' : 'ltr'
    if (widget) {
      const { accent, color_scheme: scheme, corner_px: corner } = widget
      const colours = scheme === 'auto' ? 'light dark' : scheme
      frame.style.cssText = `--a:${accent};--i:${inkOn(accent)};--c:${corner}px;color-scheme:${colours}`
    }
    // Of several elements that show the balance a screen reader should hear one.
    const isAlone = !document.querySelector('loyalnest-balance, loyalnest-launcher')
    const said = own.download ? own.texts[own.download] : moved && isAlone ? voice.change(moved) : ''
    patch(frame, pageView(scene, own, said))
  }

  async function download(): Promise<void> {
    if (own.download === 'preparing') return
    const say = (state: OwnPart['download']) =>
      stage.now({ notice: undefined }, void (own = { ...own, download: state }))
    say('preparing')
    try {
      const data = await collect(store.session, Date.now())
      save('loyalnest.json', JSON.stringify(data, null, 2))
      say('ready')
    } catch {
      say('failed')
    }
  }

  function loadProgram(): void {
    store.loadProgram().catch(() => setTimeout(() => host.isConnected && loadProgram(), PROGRAM_AGAIN_MS))
  }

  /** Until the words are there nothing is shown: it would be in another language. */
  async function speak(): Promise<void> {
    const voice = await voiceFor(host, store)
    own = { ...own, texts: await textsFor(voice.texts.language, store) }
    isReady = true
    stage.now({ voice })
  }

  /** Somebody's lists, once it is known who looks. */
  function loadOwn(): void {
    const seen = store.stream === 'visitor' ? 'visitor' : store.balance?.customer_id
    if (seen === undefined || seen === customer) return
    customer = seen
    void store.load('rewards')
    if (seen === 'visitor') return
    void store.load('redemptions')
    void store.load('transactions')
  }

  function news(change: number): void {
    if (change) {
      moved = change
      setTimeout(() => (moved = 0), CHANGE_SAID_MS)
    }
    loadOwn()
    draw()
  }

  shadow.adoptedStyleSheets = [sheetOf(PANEL_STYLE), sheetOf(PAGE_STYLE)]
  shadow.append(frame)

  return {
    begin: () => {
      store.connect()
      unwatch ??= store.watch(news)
      loadProgram()
      store.followCart()
      loadOwn()
      void speak()
    },
    end: () => {
      unwatch?.()
      unwatch = undefined
    },
  }
}

/**
 * `<loyalnest-page>`: the shopper's own page. Balance, rewards, codes, the whole history, and their data to download. Its
 * attributes are in docs/theme-developers.md; `heading`: its title is the main one of the page.
 */
export class PageElement extends HTMLElement {
  #page: ReturnType<typeof pageOf> | undefined

  connectedCallback(): void {
    // Session, stream and data come with loyalnest.js, whichever script is there first.
    const store = window.loyalnest?.storeAt(option(this, 'proxy'))
    if (!store) return document.addEventListener('loyalnest:ready', () => this.connectedCallback(), { once: true })
    this.#page ??= pageOf(this, store)
    if (this.isConnected) this.#page.begin()
  }

  disconnectedCallback(): void {
    this.#page?.end()
  }
}
