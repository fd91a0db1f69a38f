import { createHash } from 'node:crypto'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { AdjustRequest, EarnRequest, RedeemRequest } from '../../../domain/contracts/points.ts'
import type { VersionedSettings } from '../../../domain/contracts/settings.ts'
import { lotTerms } from '../../../domain/earning/commands.ts'
import { pointsForAmount } from '../../../domain/earning/rule.ts'
import type { Adjust, Command, CommandBase } from '../../../domain/ledger/types.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'

/** What every command made of an API request has in common. */
export interface WriteContext {
  readonly settings: VersionedSettings
  readonly base: CommandBase
  readonly claim: IdempotencyClaim
}

/** The business id of a write whose caller gave none: the same for the same credential, route and Idempotency-Key. */
export function derivedId({ scope, key }: IdempotencyClaim): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest('hex')
    .slice(0, 32)
}

/** The command that grants points: as many as given, or as the shop's rule gives for an amount. */
export function earnCommand(body: EarnRequest, { settings, base, claim }: WriteContext): Command | Refusal {
  const { currency } = settings.settings
  if (body.currency !== undefined && body.currency !== currency) {
    return refuse('currency_mismatch', `The shop's currency is ${currency}.`, '/currency')
  }
  // Too few or too many points are for the account to refuse: what it booked before under the same Idempotency-Key comes
  // first, whatever the rule gives by now.
  const points = body.points ?? pointsForAmount(settings, body.amount ?? '0') ?? Number.MAX_SAFE_INTEGER
  return {
    ...base,
    kind: 'earn_points',
    externalId: `activity:${body.activity_id ?? derivedId(claim)}`,
    points,
    reason: body.reason ?? null,
    terms: lotTerms(settings),
  }
}

/** Says of an amount what the account said of the points that the rule made of it. */
export function aboutAmount<A extends { readonly ok: true } | Refusal>(body: EarnRequest, answer: A): A {
  if (answer.ok || body.amount === undefined || answer.code !== 'points_out_of_range') return answer
  return { ...answer, detail: `By the shop's rule for this amount, ${answer.detail}`, pointer: '/amount' }
}

/** The command that spends points within the shop's limits. */
export function redeemCommand(body: RedeemRequest, { settings, base, claim }: WriteContext): Command {
  return {
    ...base,
    kind: 'redeem',
    redemptionId: body.redemption_id ?? derivedId(claim),
    points: body.points,
    limits: settings.settings.redemption,
    reason: body.reason ?? null,
  }
}

/** The command of a correction by hand, booked at once or after a second person approved it. */
export function adjustCommand(
  body: Pick<AdjustRequest, 'points' | 'reason' | 'allow_debt'>,
  adjustmentId: string,
  { settings, base }: Pick<WriteContext, 'settings' | 'base'>,
): Adjust {
  return {
    ...base,
    kind: 'adjust',
    adjustmentId,
    points: body.points,
    reason: body.reason,
    allowDebt: body.allow_debt,
    terms: lotTerms(settings),
  }
}
