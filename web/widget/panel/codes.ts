import type { Redemption } from '../../../domain/contracts/rewards.ts'
import { hasCode } from '../cart.ts'
import { type Child, type Drawn, h } from '../dom.ts'
import { fill } from '../voice.ts'
import { titleOf, worth } from './rewards.ts'
import { bdi, button, line, listOf, news, question, type Scene, soft } from './scene.ts'

function actions(scene: Scene, redemption: Redemption, code: string, canGiveBack: boolean): Child {
  const { store, voice, busy, asked, ask, giveBack, copy, apply } = scene
  const { texts, points } = voice
  const { id } = redemption
  const name = `name-${id}`
  if (busy === id) return null
  if (asked === id) {
    return question(scene, fill(texts.giveBackAsk, points(redemption.points)), texts.giveBack, () => giveBack(id))
  }
  return h(
    'div',
    { class: 'act' },
    hasCode(store.cart, code)
      ? // Not twice: what came of the last click says so, too.
        scene.notice?.text !== texts.applied && h('b', {}, texts.applied)
      : button(texts.apply, () => apply(redemption, code), 'main', name),
    button(texts.copy, () => copy(id, code), '', name),
    canGiveBack && button(texts.giveBack, () => ask(id), '', name, `go-${id}`),
  )
}

function card(scene: Scene, redemption: Redemption): Drawn {
  const { store, voice } = scene
  const { texts, points, date } = voice
  const { id, code, state, ending, cancel_reason: reason, expires_at: end, ended_at, requested_at } = redemption
  const reward = store.lists.rewards.items?.find((one) => one.id === redemption.reward_id)
  // The merchant's title of then; in the shopper's language if it is still the same.
  const title = reward?.title === redemption.title ? titleOf(voice, reward) : redemption.title
  const name = h('h3', { id: `name-${id}`, tabindex: -1 }, bdi(title))
  const over = ending ? 'ending' : state === 'cancelled' ? (reason ?? 'by_merchant') : state
  if (over !== 'pending' && over !== 'issued') {
    return h(
      'li',
      { class: 'row', id },
      name,
      soft(line(texts.ended[over], date(ended_at ?? requested_at))),
      news(scene, id),
    )
  }
  return h(
    'li',
    { class: 'card', id },
    name,
    soft(
      line(
        worth(voice, redemption.value, redemption.currency),
        points(redemption.points),
        end && fill(texts.until, date(end)),
      ),
    ),
    h('p', { class: 'code' }, code ? h('bdi', { dir: 'ltr', id: `text-${id}` }, code) : texts.pendingCode),
    code ? actions(scene, redemption, code, reward?.points_back.cancelled ?? false) : soft(texts.pendingNote),
    news(scene, id),
  )
}

/** The shopper's codes, newest first; those that work no more are there quietly. */
export function codes(scene: Scene): Child {
  const cards = scene.store.lists.redemptions.items?.map((redemption) => card(scene, redemption))
  return listOf(scene, 'redemptions', cards)
}
