import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'graphql'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { FUNCTION_INPUT_METAFIELD, FUNCTION_METAFIELD } from '../../domain/rewards/function-config.ts'
import { discountSchema, queryCost, queryProblems } from '../../tools/functions/schema.ts'
import { rewardFunction } from './samples.ts'

/** What Shopify checks when the app is deployed. */
const extension = rewardFunction()
const schema = discountSchema(extension.apiVersion)

describe.each(extension.targets)('$target', ({ inputQuery, exportName }) => {
  it('asks what the schema has, within the limits', () => {
    expect(queryProblems(schema, inputQuery)).toEqual([])
  })

  it("reads the reward's metafield", () => {
    const { namespace, key } = FUNCTION_METAFIELD
    expect(inputQuery).toContain(`metafield(namespace: "${namespace}", key: "${key}")`)
  })

  it('is exported', () => {
    expect(WebAssembly.Module.exports(extension.module)).toContainEqual({ kind: 'function', name: exportName })
  })
})

it('has the input queries of both targets', () => {
  expect(extension.targets.map(({ target }) => target)).toEqual([
    'cart.lines.discounts.generate.run',
    'cart.delivery-options.discounts.generate.run',
  ])
  expect(extension.variables).toEqual(FUNCTION_INPUT_METAFIELD)
})

it("is of the same API version as the app's other parts", () => {
  const app = parseToml(readFileSync(path.resolve(import.meta.dirname, '../../shopify.app.toml'), 'utf8'))
  expect(app['webhooks']).toMatchObject({ api_version: extension.apiVersion })
})

it("imports nothing but Shopify's Wasm API, and is small", () => {
  const modules = new Set(WebAssembly.Module.imports(extension.module).map(({ module }) => module))
  expect([...modules]).toEqual(['shopify_function_v2'])
  const wasm = readFileSync(path.resolve(import.meta.dirname, '../../dist/functions/reward-code.wasm'))
  expect(wasm.byteLength).toBeLessThan(20_000)
})

describe('the check of a query', () => {
  it.each([
    { query: '{ cart { totalWeight } }', problem: /Cannot query field "totalWeight"/ },
    { query: `{ presentmentCurrencyRate } # ${'x'.repeat(3_000)}`, problem: undefined },
    {
      query: `{ ${Array.from({ length: 200 }, (_, n) => `rate${n}: presentmentCurrencyRate`).join(' ')} }`,
      problem: /bytes/,
    },
    {
      query: `{ ${Array.from({ length: 31 }, (_, n) => `r${n}: presentmentCurrencyRate`).join(' ')} }`,
      problem: /costs 31/,
    },
  ])('says $problem of $query', ({ query, problem }) => {
    const problems = queryProblems(schema, query).join('; ')
    expect(problems).toMatch(problem ?? /^$/)
  })

  it('counts 3 for what must be looked up', () => {
    const query = parse('{ shop { metafield(key: "k") { value type } } cart { poNumber __typename } }')
    expect(queryCost(schema, query)).toBe(4)
  })
})
