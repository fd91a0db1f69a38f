import { type Child, type Drawn, h } from '../dom.ts'
import { codes } from '../panel/codes.ts'
import { earn } from '../panel/earn.ts'
import { history } from '../panel/history.ts'
import { standing, wordsOf } from '../panel/panel.ts'
import { rewards } from '../panel/rewards.ts'
import { button, type Scene, soft, live } from '../panel/scene.ts'
import type { PageTexts } from './languages/en.ts'

/** What the page has beside the panel's scene. */
export interface OwnPart {
  readonly texts: PageTexts
  /** Where the download stands. */
  readonly download?: 'preparing' | 'ready' | 'failed' | undefined
  /** Whether the page's main heading is ours; else the theme has one. */
  readonly isMain: boolean
  readonly save: () => void
}

function part(id: string, title: string, ...children: readonly Child[]): Drawn {
  return h(
    'article',
    { class: id, 'aria-labelledby': `part-${id}`, id },
    h('h2', { id: `part-${id}` }, title),
    ...children,
  )
}

function ownData({ texts, download, save }: OwnPart): Drawn {
  const kept = [texts.keptPoints, texts.keptCodes, texts.keptProfile]
  return part(
    'data',
    texts.yourData,
    h('p', {}, texts.kept),
    h('ol', {}, ...kept.map((text) => h('li', {}, text))),
    soft(texts.notKept, ' ', texts.erase),
    h('div', { class: 'act' }, button(texts.download, save)),
    download && h('b', {}, texts[download]),
  )
}

/** Everything on the page. A visitor has neither codes nor a history, and nothing is kept of them. `said`: for screen readers. */
export function pageView(scene: Scene, own: OwnPart, said: string): readonly Drawn[] {
  const { store, voice } = scene
  const { texts } = voice
  const isKnown = store.stream !== 'visitor'
  const terms = store.program?.widget.terms_url
  return [
    h('header', {}, h(own.isMain ? 'h1' : 'h2', {}, wordsOf(scene, 'program_name', texts.label)), ...standing(scene)),
    h(
      'div',
      { class: 'parts' },
      h('div', {}, part('rewards', texts.rewards, rewards(scene)), isKnown && part('codes', texts.codes, codes(scene))),
      h(
        'div',
        {},
        part('earn', texts.earn, earn(scene), terms && h('a', { href: terms, target: '_blank' }, texts.terms)),
        isKnown && part('history', texts.history, history(scene)),
        isKnown && ownData(own),
      ),
    ),
    live(scene.notice?.text),
    live(said),
  ]
}
