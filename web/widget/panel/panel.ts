import { type Child, type Drawn, h } from '../dom.ts'
import { fill } from '../voice.ts'
import { codes } from './codes.ts'
import { earn } from './earn.ts'
import { history } from './history.ts'
import { rewards } from './rewards.ts'
import { bdi, line, live, type Scene, type Tab } from './scene.ts'

export const VIEWS: Readonly<Record<Tab, (scene: Scene) => Child>> = { rewards, earn, codes, history }
const TABS: readonly Tab[] = ['rewards', 'earn', 'codes', 'history']

/** The merchant's words in the shopper's language, else in English, else ours. */
export function wordsOf(
  { store, voice }: Scene,
  name: 'program_name' | 'launcher_text' | 'welcome',
  ours: string,
): Drawn {
  const words = store.program?.widget[name]
  return bdi(words?.[voice.texts.language] ?? words?.en ?? ours)
}

/** The balance of somebody, or a visitor's way in. */
export function standing(scene: Scene): readonly Child[] {
  const { store, voice, login, join } = scene
  const { texts, points, date, number, unit } = voice
  const { balance, stream } = store
  if (stream === 'visitor') {
    const links = [h('a', { class: 'main', href: login }, texts.login), h('a', { href: join }, texts.join)]
    return [wordsOf(scene, 'welcome', texts.welcome), h('div', { class: 'act' }, ...links)]
  }
  if (!balance) return [h('p', { class: 'sum' }, '–'), h('p', {}, texts[stream === 'live' ? 'connecting' : stream])]
  const { pending, debt, next_expiration: next, tier } = balance
  const facts = line(
    stream !== 'live' && texts[stream],
    debt && fill(texts.debt, points(debt)),
    pending && fill(texts.pending, points(pending)),
    next && fill(texts.expiring, points(next.points), date(next.at)),
  )
  return [
    h(
      'p',
      { class: 'sum' },
      h('b', {}, number(balance.points)),
      ` ${unit(balance.points)} `,
      tier && bdi(tier.current),
    ),
    // A space keeps the line: nothing moves when there is something to say.
    h('p', {}, facts || '\u00a0'),
  ]
}

function tabList({ store, voice, tab, show }: Scene): Drawn {
  // A visitor has neither codes nor a history.
  const tabs = store.stream === 'visitor' ? TABS.slice(0, 2) : TABS
  const onkeydown = (event: Event) => {
    if (!(event instanceof KeyboardEvent) || !event.key.startsWith('Arrow')) return
    const step = (event.key === 'ArrowRight') === voice.isRtl ? -1 : 1
    show(tabs.at((tabs.indexOf(tab) + step) % tabs.length) ?? tab)
    event.preventDefault()
  }
  const made = tabs.map((id) => {
    const isShown = id === tab
    const props = { id, role: 'tab', 'aria-selected': isShown, tabindex: isShown ? 0 : -1, onclick: () => show(id) }
    return h('button', props, voice.texts[id])
  })
  return h('div', { role: 'tablist', onkeydown }, ...made)
}

/** Everything in the dialog. `said`: what the balance has moved by, for screen readers. */
export function panelView(scene: Scene, said: string): readonly Drawn[] {
  const { store, tab, voice, notice, close } = scene
  const { texts, points } = voice
  const { estimate, program } = store
  const terms = program?.widget.terms_url
  const earns = estimate?.points ? fill(texts.cart, (estimate.is_estimate ? '≈ ' : '') + points(estimate.points)) : ''
  return [
    h(
      'header',
      {},
      h('h2', { id: 'title', tabindex: -1 }, wordsOf(scene, 'program_name', texts.rewards)),
      h('button', { 'aria-label': texts.close, onclick: close }, '×'),
      ...standing(scene),
    ),
    tabList(scene),
    h('div', { role: 'tabpanel', id: `in-${tab}`, 'aria-labelledby': tab, tabindex: 0 }, VIEWS[tab](scene)),
    h('footer', {}, h('span', {}, earns), terms && h('a', { href: terms, target: '_blank' }, texts.terms)),
    live(notice?.text),
    live(said),
  ]
}
