import { type Refusal, refuse } from '../contracts/errors.ts'
import type { RewardInput, RewardValue } from '../contracts/rewards.ts'
import { canonicalJson } from '../ledger/canonical.ts'
import {
  type FunctionConfig,
  type FunctionInputVariables,
  type FunctionTerms,
  MAX_COLLECTION_SELECTIONS,
} from './function-config.ts'
import type { RewardTerms, StoredReward } from './types.ts'
import type { z } from 'zod'

/** How a reward may change, and what its discount's Function is told. Pure. */

/** All terms ever in force; the last one is what new codes get. */
export type TermsList = StoredReward['terms']

const MAX_TERMS = 100
/** A Shopify Function is not given a metafield of more bytes. */
const MAX_CONFIG_BYTES = 10_000
/** Base64 of 32 bytes. */
const KEY_LENGTH = 44

/** The terms of a new reward. */
export function firstTerms(input: RewardInput): TermsList {
  return [{ number: 1, value: input.value, conditions: input.conditions }]
}

/**
 * The terms of a reward after a change: the same list if codes are worth the same, else the new terms at its end. Terms
 * that were in force before keep their number and move to the end. What a discount is and how it is paid never change,
 * because the codes that are out there name neither.
 */
export function nextTerms(before: Pick<StoredReward, 'input' | 'terms'>, input: RewardInput): TermsList | Refusal {
  const fixed = kindRefusal(before.input, input)
  if (fixed) return fixed
  const worth = worthOf(input)
  const known = before.terms.find((terms) => worthOf(terms) === worth)
  const number = known?.number ?? Math.max(...before.terms.map((terms) => terms.number)) + 1
  const others = before.terms.filter((terms) => terms !== known)
  const current: RewardTerms = { number, value: input.value, conditions: input.conditions }
  const [first, ...rest] = [...others, current]
  const terms: TermsList = [first, ...rest]
  return tooMuch(input, terms) ?? terms
}

function kindRefusal(before: RewardInput, after: RewardInput): Refusal | undefined {
  if (before.value.type !== after.value.type) {
    return refuse(
      'reward_changed',
      `It stays a reward of type ${before.value.type}: codes of it are in use. Archive it and create another one.`,
      '/reward/value/type',
    )
  }
  if (before.cost.kind !== after.cost.kind) {
    return refuse(
      'reward_changed',
      `Its cost stays ${before.cost.kind}: codes of it are in use. Archive it and create another one.`,
      '/reward/cost/kind',
    )
  }
  return undefined
}

function tooMuch(input: RewardInput, terms: TermsList): Refusal | undefined {
  const config = functionConfigOf({ input, terms }, 'k'.repeat(KEY_LENGTH))
  const fits =
    terms.length <= MAX_TERMS &&
    selectionsOf(terms).length <= MAX_COLLECTION_SELECTIONS &&
    Buffer.byteLength(JSON.stringify(config)) <= MAX_CONFIG_BYTES
  return fits
    ? undefined
    : refuse(
        'reward_changed',
        `Its value and conditions have changed too often, with codes of ${terms.length} kinds out there. Archive it and create another one.`,
        '/reward',
      )
}

/** Text that is equal exactly when codes are worth the same. */
function worthOf({ value, conditions }: Pick<RewardTerms, 'value' | 'conditions'>): string {
  return canonicalJson({ value: { ...value }, conditions: { ...conditions } })
}

/** What the discount's metafield tells the Function. @param key base64 of 32 bytes. */
export function functionConfigOf(reward: Pick<StoredReward, 'input' | 'terms'>, key: string): FunctionConfig {
  const selections = selectionsOf(reward.terms)
  return {
    v: 1,
    key,
    sliding: reward.input.cost.kind === 'sliding',
    title: reward.input.title,
    terms: Object.fromEntries(reward.terms.map((terms) => [String(terms.number), functionTermsOf(terms, selections)])),
  }
}

/** The variables of the Function's input query: the selections of collections that the terms ask about, by number. */
export function functionVariablesOf({ terms }: Pick<StoredReward, 'terms'>): z.infer<typeof FunctionInputVariables> {
  const [collections1 = [], collections2 = [], collections3 = [], collections4 = []] = selectionsOf(terms)
  return { collections1, collections2, collections3, collections4 }
}

function functionTermsOf({ value, conditions }: RewardTerms, selections: readonly string[][]): FunctionTerms {
  const collections = selectionOf(conditions.collection_ids)
  return {
    type: value.type,
    ...(value.type === 'amount_off' ? { amount: value.amount } : {}),
    ...(value.type === 'percent_off' ? { percent: value.percent } : {}),
    ...(value.type === 'free_product' ? { variants: value.variant_ids } : {}),
    minimum: conditions.minimum_spend,
    collections: 1 + selections.findIndex((selection) => isSame(selection, collections)),
    share: conditions.max_share_percent,
  }
}

/** The different selections of collections of all terms; the first one has number 1. */
function selectionsOf(terms: TermsList): string[][] {
  const selections: string[][] = []
  for (const { conditions } of terms) {
    const selection = selectionOf(conditions.collection_ids)
    if (selection.length > 0 && !selections.some((known) => isSame(known, selection))) selections.push(selection)
  }
  return selections
}

function selectionOf(ids: readonly string[]): string[] {
  return [...new Set(ids)].toSorted()
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index])
}

/** What the discount may take from, in Shopify's words. */
export function discountClassOf({ type }: z.output<typeof RewardValue>): 'ORDER' | 'PRODUCT' | 'SHIPPING' {
  if (type === 'free_shipping') return 'SHIPPING'
  return type === 'free_product' ? 'PRODUCT' : 'ORDER'
}
