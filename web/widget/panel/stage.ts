import type { Refused } from '../../shared/storefront-session.ts'
import { root } from '../cart.ts'
import { option } from '../options.ts'
import { type Store, tell } from '../store.ts'
import { voiceOf } from '../voice.ts'
import type { Scene, Tab } from './scene.ts'

/** A scene, and how to change it. */
export interface Stage {
  readonly scene: Scene
  /** Changes the scene, draws it, and puts the focus on the element of that id. */
  readonly now: (changes: Partial<Scene>, focusId?: string) => void
  readonly show: (tab: Tab, focusId: string) => void
}

/** The scene of an element whose views are in `shadow`. `draw` draws it; `close` is what its closing button does. */
export function stageOf(
  host: HTMLElement,
  store: Store,
  shadow: ShadowRoot,
  draw: () => void,
  close: () => void,
): Stage {
  const scene: Scene = {
    store,
    voice: voiceOf(),
    login: option(host, 'login') ?? `${root()}account/login`,
    join: option(host, 'join') ?? `${root()}account/register`,
    tab: 'rewards',
    chosen: new Map(),
    draw,
    close,
    show: (tab) => show(tab, tab),
    ask: (asked) => now({ asked, notice: undefined }, asked ? 'yes' : `go-${scene.asked}`),
    redeem: (id, points) =>
      attempt(id, async ({ texts }) => {
        const { id: made, code } = await store.write(`/rewards/${id}/redeem`, { points })
        show('codes', '')
        return [made, code ? texts.codeReady : texts.pendingCode]
      }),
    giveBack: (id) =>
      attempt(id, async ({ texts }) => {
        await store.write(`/redemptions/${id}/cancel`, {})
        return [id, texts.ended.ending]
      }),
    copy: (id, code) =>
      attempt(id, async ({ texts }) => {
        try {
          await navigator.clipboard.writeText(code)
          return [id, texts.copied]
        } catch {
          // The browser forbids it here: then by hand.
          const text = shadow.getElementById(`text-${id}`)
          if (text) getSelection()?.selectAllChildren(text)
          return [id, texts.selected]
        }
      }),
    apply: (redemption, code) =>
      attempt(redemption.id, async ({ texts }) => {
        if (!(await store.applyCode(code).catch(() => false))) return [redemption.id, texts.notApplied]
        // The totals of the cart's page are the theme's.
        if (tell('applied', { redemption }) && /\/cart\/?$/.test(location.pathname)) location.reload()
        return [redemption.id, texts.applied]
      }),
  }

  function now(changes: Partial<Scene>, focusId = ''): void {
    Object.assign(scene, changes)
    draw()
    shadow.getElementById(focusId)?.focus()
  }

  /** Does one thing at a time, and says what came of it, and at which code. */
  function attempt(id: string, work: (voice: Scene['voice']) => Promise<readonly [string, string]>): void {
    if (scene.busy) return
    // The pressed button goes: the title keeps the keyboard in the panel.
    now({ busy: id, asked: undefined, notice: undefined }, 'title')
    const { texts } = scene.voice
    work(scene.voice).then(
      ([at, text]) => now({ busy: undefined, notice: { id: at, text } }, `name-${at}`),
      (error: Partial<Refused>) => {
        const text = error.isDefinite ? texts.unavailable : texts.noAnswer
        now({ busy: undefined, notice: { id, text } }, `go-${id}`)
      },
    )
  }

  function show(wanted: Tab, focusId: string): void {
    // A visitor has neither codes nor a history.
    const tab = store.stream === 'visitor' && wanted !== 'earn' ? 'rewards' : wanted
    if (tab === 'codes') void store.load('redemptions')
    if (tab === 'history') void store.load('transactions')
    now({ tab, asked: undefined, notice: undefined }, focusId)
  }

  return { scene, now, show }
}
