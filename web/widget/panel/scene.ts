import type { Redemption } from '../../../domain/contracts/rewards.ts'
import { type Child, type Drawn, h } from '../dom.ts'
import type { ListName, Store } from '../store.ts'
import type { Voice } from '../voice.ts'

export type Tab = 'rewards' | 'earn' | 'codes' | 'history'

/** What a view is made of, and what the shopper can do there. */
export interface Scene {
  readonly store: Store
  readonly login: string
  readonly join: string
  voice: Voice
  tab: Tab
  /** The reward or redemption whose question is open. */
  asked?: string | undefined
  /** What is under way: the id of its reward or redemption. */
  busy?: string | undefined
  /** What came of it, and where; said once. */
  notice?: { readonly id: string; readonly text: string } | undefined
  /** Points chosen of sliding rewards. */
  readonly chosen: Map<string, number>
  readonly draw: () => void
  readonly show: (tab: Tab) => void
  readonly close: () => void
  /** Opens the question of a reward or redemption; without an id it closes it. */
  readonly ask: (id?: string) => void
  readonly redeem: (rewardId: string, points: number) => void
  readonly giveBack: (redemptionId: string) => void
  readonly copy: (redemptionId: string, code: string) => void
  readonly apply: (redemption: Redemption, code: string) => void
}

/** A merchant's own words: text only, and its direction stays its own. */
export function bdi(text: string): Drawn {
  return h('bdi', {}, text)
}

export function soft(...children: readonly Child[]): Drawn {
  return h('p', { class: 'soft' }, ...children)
}

/**
 * What screen readers hear when it changes. Each kind of news has its own: what came of a click does not keep the points
 * that arrive later from being heard.
 */
export function live(text?: Child): Drawn {
  return h('p', { class: 'live', 'aria-live': 'polite' }, text)
}

/** Facts in a line; those that do not apply are left out. */
export function line(...facts: readonly (string | 0 | false | null | undefined)[]): string {
  return facts.filter(Boolean).join(' · ')
}

/** `about`: the id of what screen readers say beside the text, where many buttons have the same. */
export function button(text: string, onclick: () => void, look?: string, about?: string, id?: string): Drawn {
  return h('button', { onclick, class: look, 'aria-describedby': about, id }, text)
}

/** A question in place of the buttons that led to it. */
export function question({ voice: { texts }, ask }: Scene, text: string, yes: string, onYes: () => void): Drawn {
  const no = button(texts.no, () => ask())
  return h('div', { class: 'act' }, h('p', { id: 'ask' }, text), button(yes, onYes, 'main', 'ask', 'yes'), no)
}

/** What is under way with this one, or came of it. */
export function news({ busy, notice, voice }: Scene, id: string): Child {
  if (busy === id) return soft(voice.texts.working)
  return notice?.id === id && h('b', {}, notice.text)
}

/** A list: its items and what loads more; or its outline, that there is nothing, that it did not come. */
export function listOf({ store, voice: { texts } }: Scene, name: ListName, items: readonly Drawn[] = []): Child {
  const { items: loaded, next, failed } = store.lists[name]
  const load = (text: string) => button(text, () => void store.load(name, Boolean(next)))
  if (items.length > 0) return h('ul', {}, ...items, next && h('li', {}, load(texts.more)))
  if (failed) return h('p', { class: 'none' }, texts.notLoaded, load(texts.retry))
  if (loaded) return h('p', { class: 'none' }, texts.none)
  const card = h('li', { class: 'card outline' })
  return h('ul', { 'aria-hidden': 'true' }, card, card, card)
}
