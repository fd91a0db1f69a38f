import { type Refusal, refuse } from '../contracts/errors.ts'
import { canonicalJson, sha256Canonical } from './canonical.ts'
import { negative } from './entry.ts'
import type { Command, Entry } from './types.ts'

type Scalar = string | number | boolean | null

/**
 * The meaningful fields of a command: what makes two requests under one business id the same fact. Who sent it, when,
 * and by which version of the settings are not part of it, so that orders/create and orders/paid around a change of
 * settings are one fact. Each set can be read back from its entry, which is how a conflict names the fields that differ.
 */
export type Facts = Readonly<Record<string, Scalar | Readonly<Record<string, Scalar>>>>

/** A command with a business id. */
export type BusinessCommand = Exclude<Command, { kind: 'apply_due' }>

/** The business id under which a command is booked; unique for ever in the account. */
export function externalIdOf(command: BusinessCommand): string {
  switch (command.kind) {
    case 'earn_order':
      return `order:${command.orderGid}:earn:${command.rule.ruleId}`
    case 'earn_points':
      return command.externalId
    case 'clawback':
      return `refund:${command.refundGid}`
    case 'cancel_order':
      return `cancel:${command.orderGid}`
    case 'redeem':
      return `redeem:${command.redemptionId}`
    case 'hold':
      return `hold:${command.holdId}`
    case 'capture':
    case 'release':
      return `hold:${command.holdId}:${command.kind}`
    case 'adjust':
      return `adjust:${command.adjustmentId}`
    case 'reverse':
      return `reversal:${command.seq}`
    case 'edit_order':
      return `order:${command.orderGid}:edit:${command.editedAtMs}`
    case 'return_spent':
      return `return:${command.becauseOf}:${command.seq}`
    case 'merge_out':
      return `merge:${command.intoCustomerId}/1:out`
    case 'merge_in':
      return `merge:${command.fromCustomerId}/${command.number}:in`
    case 'import':
      return `import:${command.batchId}:${command.row}`
  }
}

/** @param heldPoints of the hold that a capture names, since a capture is of all of it unless it says otherwise. */
export function factsOfCommand(command: BusinessCommand, heldPoints: number | undefined): Facts {
  switch (command.kind) {
    case 'earn_order':
      return { order: command.orderGid, currency: command.rule.currency, parts: { ...command.parts } }
    case 'clawback':
      return { order: command.orderGid, parts: { ...command.parts } }
    case 'cancel_order':
      return { order: command.orderGid }
    case 'edit_order':
      return { order: command.orderGid, parts: { ...command.parts }, edited_at_ms: command.editedAtMs }
    case 'return_spent':
      return { points: command.points }
    case 'merge_out':
      return {}
    case 'merge_in':
      return { debt: command.debt, lots: canonicalJson(command.lots.map((lot) => ({ ...lot }))) }
    case 'earn_points':
    case 'redeem':
    case 'adjust':
      return { points: command.points, reason: command.reason }
    case 'capture':
      return { points: command.points ?? heldPoints ?? 0 }
    case 'hold':
    case 'import':
      return { points: command.points }
    case 'release':
      return {}
    case 'reverse':
      return { reason: command.reason }
  }
}

/** The facts that an entry was booked with. */
function factsOfEntry({ type, points, orderGid, detail }: Entry): Facts {
  const parts = detail.parts ? { parts: { ...detail.parts } } : {}
  if (detail.editedAtMs !== undefined) return { order: orderGid, ...parts, edited_at_ms: detail.editedAtMs }
  switch (type) {
    case 'earn':
    case 'earn_pending':
      return orderGid === null
        ? { points, reason: detail.reason ?? null }
        : { order: orderGid, currency: detail.rule?.currency ?? null, ...parts }
    case 'clawback':
    case 'cancel_pending':
      return { order: orderGid, ...parts }
    case 'redeem':
      return { points: negative(points), reason: detail.reason ?? null }
    case 'adjust':
      return { points, reason: detail.reason ?? null }
    case 'capture':
      return { points: negative(points) }
    case 'hold':
      return { points: detail.heldPoints ?? 0 }
    case 'import':
      return { points }
    case 'reversal':
      return detail.becauseOf === undefined ? { reason: detail.reason ?? null } : { points }
    case 'activate':
    case 'expire':
    case 'release':
    case 'merge_in':
    case 'merge_out':
      return {}
  }
}

/** Fingerprint of a business id together with its facts: SHA-256 (hex) of their canonical JSON. */
export function fingerprintOf(externalId: string, facts: Facts): string {
  return sha256Canonical({ ...facts, external_id: externalId })
}

/** Every field as one flat line, `parts.goods` for those inside. */
function flatten(facts: Facts): ReadonlyMap<string, Scalar> {
  const flat = new Map<string, Scalar>()
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value === 'object' && value !== null) {
      for (const [inner, member] of Object.entries(value)) flat.set(`${name}.${inner}`, member)
    } else flat.set(name, value)
  }
  return flat
}

/** The refusal of a business id that is booked with other contents. It names the fields, not their values. */
export function conflictWith(booked: Entry, externalId: string, facts: Facts): Refusal {
  const before = flatten(factsOfEntry(booked))
  const now = flatten(facts)
  const names = [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name))
  const [only] = names
  return refuse(
    'external_id_conflict',
    `${externalId} was booked before with another ${names.join(', ')}; send the same contents or use another id.`,
    names.length === 1 ? `/${only}` : undefined,
  )
}
