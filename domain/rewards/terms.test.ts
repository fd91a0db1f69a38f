import { describe, expect, it } from 'vitest'
import { inputOf, KEY, rewardOf, slidingOf } from './examples.ts'
import { FunctionConfig } from './function-config.ts'
import { discountClassOf, firstTerms, functionConfigOf, functionVariablesOf, nextTerms } from './terms.ts'
import type { StoredReward } from './types.ts'

const off = (amount: string, only: readonly string[] = []) =>
  inputOf({ value: { type: 'amount_off', amount }, conditions: { collection_ids: [...only] } })

/** The reward after changes that must be permitted. */
function changed(...inputs: readonly ReturnType<typeof off>[]): StoredReward {
  let reward = rewardOf(off('5'))
  for (const input of inputs) {
    const terms = nextTerms(reward, input)
    if ('ok' in terms) throw new Error(terms.detail)
    reward = rewardOf(input, { terms })
  }
  return reward
}

/** Twenty collections with the longest of ids. */
function collections(from: number): string[] {
  return Array.from({ length: 20 }, (_, index) => `gid://shopify/Collection/${String(from + index).padStart(19, '1')}`)
}

function variants(from: number): string[] {
  return collections(from).map((id) => id.replace('Collection', 'ProductVariant'))
}

const giving = (from: number) => inputOf({ value: { type: 'free_product', variant_ids: variants(from) } })

const numbersOf = ({ terms }: StoredReward) => terms.map(({ number }) => number)

describe('terms', () => {
  it('stay where only words, cost, dates or limits change', () => {
    const reward = rewardOf()
    const input = inputOf({ title: 'Five off', cost: { kind: 'fixed', points: 300 }, limit_total: 5 })
    expect(nextTerms(reward, input)).toEqual(reward.terms)
  })

  it('are added with a change of value or conditions; the last ones are those of new codes', () => {
    const reward = changed(
      off('6'),
      inputOf({ value: { type: 'amount_off', amount: '6' }, conditions: { minimum_spend: '20' } }),
    )
    expect(numbersOf(reward)).toEqual([1, 2, 3])
    expect(reward.terms.at(-1)).toMatchObject({ value: { amount: '6' }, conditions: { minimum_spend: '20' } })
  })

  it('that were in force before are used again, under their number', () => {
    expect(numbersOf(changed(off('6'), off('5')))).toEqual([2, 1])
    expect(numbersOf(changed(off('6'), off('5'), off('7')))).toEqual([2, 1, 3])
  })

  it('keep the type of value and the kind of cost', () => {
    expect(nextTerms(rewardOf(), inputOf({ value: { type: 'free_shipping' } }))).toMatchObject({
      code: 'reward_changed',
      pointer: '/reward/value/type',
    })
    expect(nextTerms(rewardOf(), slidingOf())).toMatchObject({ code: 'reward_changed', pointer: '/reward/cost/kind' })
  })

  it('are a hundred at most', () => {
    const hundred = changed(...Array.from({ length: 99 }, (_, index) => off(String(index + 6))))
    expect(hundred.terms).toHaveLength(100)
    expect(nextTerms(hundred, off('1000'))).toMatchObject({ code: 'reward_changed' })
    expect(nextTerms(hundred, off('7'))).toHaveLength(100)
  })

  it('fit into what a Function can be asked about: four selections of collections', () => {
    const four = changed(...[100, 200, 300, 400].map((from) => off('5', collections(from))))
    expect(functionVariablesOf(four).collections4).toHaveLength(20)
    expect(nextTerms(four, off('5', collections(500)))).toMatchObject({ code: 'reward_changed' })
    expect(nextTerms(four, off('6', collections(400).toReversed()))).toHaveLength(6)
  })

  it('fit into the 10,000 bytes that Shopify gives a Function', () => {
    let reward = rewardOf(giving(0))
    const refused = Array.from({ length: 99 }, (_, index) => giving((index + 1) * 100)).find((input) => {
      const terms = nextTerms(reward, input)
      if ('ok' in terms) return true
      reward = rewardOf(input, { terms })
      return false
    })
    expect(refused).toBeDefined()
    expect(Buffer.byteLength(JSON.stringify(functionConfigOf(reward, KEY)))).toBeLessThanOrEqual(10_000)
    expect(reward.terms.length).toBeGreaterThan(5)
  })
})

describe('the configuration of the Function', () => {
  it('tells each of the terms by its number', () => {
    const input = slidingOf({
      conditions: { minimum_spend: '20', collection_ids: ['gid://shopify/Collection/7'], max_share_percent: 50 },
    })
    const config = functionConfigOf(rewardOf(input), KEY)
    expect(config).toEqual({
      v: 1,
      key: KEY,
      sliding: true,
      title: '5 € off',
      terms: {
        1: { type: 'amount_off', amount: '1', minimum: '20', collections: 1, share: 50 },
      },
    })
    expect(FunctionConfig.parse(config)).toEqual(config)
    expect(functionVariablesOf(rewardOf(input))).toEqual({
      collections1: ['gid://shopify/Collection/7'],
      collections2: [],
      collections3: [],
      collections4: [],
    })
  })

  it.each([
    [inputOf({ value: { type: 'percent_off', percent: 10 } }), { type: 'percent_off', percent: 10 }, 'ORDER'],
    [inputOf({ value: { type: 'free_shipping' } }), { type: 'free_shipping' }, 'SHIPPING'],
    [
      inputOf({ value: { type: 'free_product', variant_ids: ['gid://shopify/ProductVariant/3'] } }),
      { type: 'free_product', variants: ['gid://shopify/ProductVariant/3'] },
      'PRODUCT',
    ],
  ])('says what kind of discount it is', (input, terms, discountClass) => {
    const config = functionConfigOf({ input, terms: firstTerms(input) }, KEY)
    expect(config.terms['1']).toEqual({ ...terms, minimum: null, collections: 0, share: null })
    expect(config.sliding).toBe(false)
    expect(discountClassOf(input.value)).toBe(discountClass)
  })
})
