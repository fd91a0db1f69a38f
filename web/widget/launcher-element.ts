import { inkOn } from './appearance.ts'
import { h, patch } from './dom.ts'
import STYLE from './launcher.css?inline'
import { option, voiceFor } from './options.ts'
import { VIEWS, panelView, wordsOf } from './panel/panel.ts'
import { live, type Tab } from './panel/scene.ts'
import { stageOf } from './panel/stage.ts'
import { storeAt, tell } from './store.ts'

/** Where the panel is a sheet over the page; must be the width of launcher.css. */
const PHONE = '(max-width: 480px)'

function isTab(tab: string): tab is Tab {
  return tab in VIEWS
}

/** Button and panel of one element. */
function launcherOf(host: HTMLElement) {
  const shadow = host.attachShadow({ mode: 'open' })
  const frame = document.createElement('section')
  const place = document.createElement('div')
  const dialog = document.createElement('dialog')
  const { scene, now, show } = stageOf(host, storeAt(option(host, 'proxy')), shadow, draw, () => dialog.close())
  const { store } = scene
  let unwatch: (() => void) | undefined
  /** What the balance has moved by last, while the page was open. */
  let moved = 0
  let isReady = false

  function draw(): void {
    const { voice } = scene
    const { texts, points, change } = voice
    const widget = store.program?.widget
    // Without it there is no appearance, so no button. Each attempt to go live is one for it, too.
    if (!widget) store.loadProgram().catch(() => {})
    frame.lang = voice.texts.language
    frame.dir = voice.isRtl ? 'rtl' : 'ltr'
    frame.ariaLabel = texts.label
    if (widget) {
      const { accent, color_scheme: scheme, offset_px: offset, corner_px: corner } = widget
      frame.className = option(host, 'position') ?? widget.position
      frame.style.cssText = `--a:${accent};--i:${inkOn(accent)};--b:${offset.block}px;--s:${offset.inline}px;--c:${corner}px;color-scheme:${scheme.replace('auto', 'light dark')}`
    }
    const said = moved ? change(moved) : ''
    const known = store.stream === 'visitor' ? undefined : store.balance?.points
    // Another number is another element: so that its little leap begins anew.
    const label =
      known === undefined
        ? wordsOf(scene, 'launcher_text', texts.rewards)
        : h('b', { id: String(known) }, points(known))
    // First "Rewards" and then a number would move it.
    const isShown =
      isReady && store.stream !== 'connecting' && widget?.enabled && option(host, 'hide-launcher') === null
    patch(place, [
      isShown && h('button', { class: 'launcher', 'aria-expanded': dialog.open, onclick: toggle }, label),
      live(!dialog.open && said),
    ])
    if (dialog.open) patch(dialog, panelView(scene, said))
  }

  async function speak(): Promise<void> {
    const voice = await voiceFor(host, store)
    isReady = true
    now({ voice })
  }

  function toggle(): void {
    if (dialog.open) dialog.close()
    else open()
  }

  function open(tab?: string | null): void {
    if (store.program?.widget.enabled === false) return
    // A panel beside the page leaves the page usable; a sheet over it does not.
    if (!dialog.open && matchMedia(PHONE).matches) dialog.showModal()
    else dialog.show()
    void store.load('rewards')
    store.followCart()
    show(tab && isTab(tab) ? tab : scene.tab, 'title')
    tell('open')
  }

  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  shadow.adoptedStyleSheets = [sheet]
  dialog.setAttribute('aria-labelledby', 'title')
  dialog.addEventListener('close', () => {
    draw()
    tell('close')
  })
  dialog.addEventListener('keydown', ({ key }) => key === 'Escape' && dialog.close())
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close())
  frame.append(place, dialog)
  shadow.append(frame)

  return {
    open,
    toggle,
    close: () => dialog.close(),
    begin: () => {
      store.connect()
      unwatch ??= store.watch((change) => {
        moved = change || moved
        draw()
      })
      void speak()
    },
    end: () => {
      unwatch?.()
      unwatch = undefined
      dialog.close()
    },
  }
}

/** `<loyalnest-launcher>`: the button in the corner, and the panel. Its attributes are in docs/theme-developers.md. */
export class LauncherElement extends HTMLElement {
  /** Undefined before it is on a page: its attributes count by then. */
  launcher: ReturnType<typeof launcherOf> | undefined

  connectedCallback(): void {
    this.launcher ??= launcherOf(this)
    this.launcher.begin()
  }

  disconnectedCallback(): void {
    this.launcher?.end()
  }
}
