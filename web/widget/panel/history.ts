import type { Transaction } from '../../../domain/contracts/points.ts'
import { type Child, h } from '../dom.ts'
import { bdi, listOf, type Scene, soft } from './scene.ts'

/** What the balance is made of, newest first. What only set points aside moved none, and is left out. */
export function history(scene: Scene): Child {
  const { texts, change, date } = scene.voice
  const kinds: Partial<Record<Transaction['kind'], string>> = texts.kinds
  const rows = scene.store.lists.transactions.items
    ?.filter(({ points, pending_points }) => points || pending_points)
    .map(({ id, type, kind, points, pending_points, reason, effective_at }) =>
      h(
        'li',
        { class: 'row', id },
        h('h3', {}, kinds[kind] ?? kinds[type]),
        h('b', {}, change(points || pending_points)),
        soft(date(effective_at), reason && ' · ', reason && bdi(reason)),
      ),
    )
  return listOf(scene, 'transactions', rows)
}
