import { type Child, h } from '../dom.ts'
import { fill } from '../voice.ts'
import { line, type Scene, soft } from './scene.ts'

/** How to get points. */
export function earn({ store: { program }, voice: { texts, points, money, days } }: Scene): Child {
  if (!program) return null
  const { ways_to_earn: ways, lot_days: lotDays, return_window_days: waitDays, currency } = program
  const cards = ways.map((way) => {
    const text = fill(texts.order, points(way.points), money(way.per_amount, currency))
    return h('li', { class: 'card' }, h('h3', {}, text), soft(texts.orderNote))
  })
  const small = line(waitDays && fill(texts.waitDays, days(waitDays)), lotDays && fill(texts.lastsDays, days(lotDays)))
  return h('ul', {}, ...cards, small && h('li', { class: 'soft' }, small))
}
