import type { Reward, RewardValue } from '../../../domain/contracts/rewards.ts'
import { goodsOf } from '../cart.ts'
import { type Child, type Drawn, h } from '../dom.ts'
import { type Offer, amountFor, offerOf } from '../offers.ts'
import { type Voice, fill } from '../voice.ts'
import { bdi, button, line, listOf, question, news, type Scene, soft } from './scene.ts'

/** "€5 off", "Free shipping": what a code of that value is worth. */
export function worth({ texts, money, percent }: Voice, value: RewardValue, currency: string): string {
  const amount = 'amount' in value ? money(value.amount, currency) : 'percent' in value ? percent(value.percent) : ''
  return fill(texts.worth[value.type], amount)
}

/** The merchant's title in the shopper's language, if there is one. */
export function titleOf({ texts: { language } }: Voice, { translations, title }: Reward): string {
  return translations[language]?.title ?? title
}

function conditions(
  voice: Voice,
  { cost, value, conditions: when, currency, ends_at: end, code_valid_days: days }: Reward,
) {
  const { texts, money, percent, date, days: spell } = voice
  const { minimum_spend: minimum, max_share_percent: share, collection_ids: collections } = when
  return line(
    cost.kind === 'fixed' && worth(voice, value, currency),
    minimum && fill(texts.minimum, money(minimum, currency)),
    share && fill(texts.share, percent(share)),
    collections.length > 0 && texts.collections,
    end && fill(texts.until, date(end)),
    days && fill(texts.lastsDays, spell(days)),
  )
}

/** How many points, and what they are worth. */
function slider(
  { voice: { texts, points, money }, chosen, draw }: Scene,
  reward: Reward,
  offer: Offer,
  value: number,
): Drawn {
  const text = fill(texts.spendFor, points(value), money(amountFor(reward, value), reward.currency))
  const oninput = ({ target }: Event) => {
    if (target instanceof HTMLInputElement) chosen.set(reward.id, target.valueAsNumber)
    draw()
  }
  const { min, max, step } = offer
  const range = { type: 'range', min, max, step, value, oninput, 'aria-label': texts.spend, 'aria-valuetext': text }
  return h('p', {}, h('input', range), text)
}

function action(scene: Scene, reward: Reward): Child {
  const { store, voice, busy, asked, ask, redeem, chosen } = scene
  const { texts, points, date } = voice
  const { id, cost, currency, starts_at: start } = reward
  // A visitor has no balance to spend.
  if (!store.balance || busy === id) return null
  const offer = offerOf(reward, store.balance.points, store.cart ? goodsOf(store.cart, currency) : 0)
  const { status, missing, progress, min, max } = offer
  if (status === 'not_enough_points') {
    return soft(h('progress', { value: progress, 'aria-hidden': 'true' }), fill(texts.toGo, points(missing)))
  }
  if (status !== 'available') return soft(fill(texts.blocked[status], start ? date(start) : ''))
  // What was chosen, as far as it is still possible; at first as many as help.
  const spent = Math.max(min, Math.min(max, chosen.get(id) ?? max))
  if (asked === id) return question(scene, fill(texts.ask, points(spent)), texts.yes, () => redeem(id, spent))
  const slide = cost.kind === 'sliding' && slider(scene, reward, offer, spent)
  return h(
    'div',
    { class: 'act' },
    slide,
    button(texts.redeem, () => ask(id), 'main', `name-${id}`, `go-${id}`),
  )
}

/** What points buy. */
export function rewards(scene: Scene): Child {
  const { store, voice } = scene
  const cards = store.lists.rewards.items?.map((reward) => {
    const { id, cost, translations } = reward
    const about = (translations[voice.texts.language] ?? reward).description
    const price = cost.kind === 'fixed' && h('b', {}, voice.points(cost.points))
    return h(
      'li',
      { class: 'card', id },
      h('div', { class: 'row' }, h('h3', { id: `name-${id}` }, bdi(titleOf(voice, reward))), price),
      about && soft(bdi(about)),
      soft(conditions(voice, reward)),
      action(scene, reward),
      news(scene, id),
    )
  })
  return listOf(scene, 'rewards', cards)
}
