import {
  coerceInputValue,
  execute,
  GraphQLError,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  isScalarType,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { z } from 'zod'
import { loadSchema } from '../graphql/schema.ts'
import type { Json } from './host.ts'

/**
 * What Shopify's schema of a Function API allows: queries are checked when the app is deployed, outputs after each run.
 * Limits: shopify.dev/docs/api/functions, "Input query limits" and "Resource limits" (2026-10).
 */
const MAX_QUERY_BYTES = 3_000
const MAX_QUERY_COST = 30
const MAX_LIST_ELEMENTS = 100
/** Up to 200 lines; with more of them Shopify allows more. */
const MAX_INPUT_BYTES = 128_000
const MAX_OUTPUT_BYTES = 20_000
/** A metafield of more bytes is not given to a Function. */
export const MAX_METAFIELD_BYTES = 10_000

const loaded = new Map<string, GraphQLSchema>()

/** The schema of the discount Function API. */
export function discountSchema(apiVersion: string): GraphQLSchema {
  const known = loaded.get(apiVersion)
  if (known) return known
  const { schema } = loadSchema(`functions_discount_${apiVersion}`)
  loaded.set(apiVersion, schema)
  return schema
}

/** Why Shopify would refuse to deploy this input query; empty: it would not. */
export function queryProblems(schema: GraphQLSchema, query: string): readonly string[] {
  const document = parse(query)
  const problems = validate(schema, document).map(({ message }) => message)
  if (problems.length > 0) return problems
  const bytes = Buffer.byteLength(query.replaceAll(/#.*$/gm, ''))
  if (bytes > MAX_QUERY_BYTES) problems.push(`has ${bytes} bytes, of ${MAX_QUERY_BYTES}`)
  const cost = queryCost(schema, document)
  if (cost > MAX_QUERY_COST) problems.push(`costs ${cost}, of ${MAX_QUERY_COST}`)
  return problems
}

/** The calculated cost: 3 for what must be looked up, nothing for the parts of that, 1 for any other leaf. */
export function queryCost(schema: GraphQLSchema, document: DocumentNode): number {
  const lookUps = new Set(['hasAnyTag', 'hasTags', 'inAnyCollection', 'inCollections'])
  const free = new Set(['Metafield', 'HasTagResponse', 'CollectionMembership'])
  const types = new TypeInfo(schema)
  let cost = 0
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name, selectionSet }) => {
        const parent = types.getParentType()?.name ?? ''
        const type = String(types.getType()).replaceAll(/[[\]!]/g, '')
        if (name.value === '__typename' || free.has(parent)) return
        if (type === 'Metafield' || lookUps.has(name.value)) cost += 3
        else if (!selectionSet) cost += 1
      },
    }),
  )
  return cost
}

/**
 * What a Function is given: the query executed over `root`.
 * @throws {Error} when a value is missing that the schema promises, or the input is larger than allowed
 */
export function executeInputQuery(
  schema: GraphQLSchema,
  query: string,
  root: unknown,
  variables: { readonly [name: string]: unknown },
): Json {
  for (const [name, value] of Object.entries(variables)) {
    if (Array.isArray(value) && value.length > MAX_LIST_ELEMENTS) {
      throw new Error(`The variable ${name} has ${value.length} elements, of ${MAX_LIST_ELEMENTS}.`)
    }
  }
  const result = execute({ schema, document: parse(query), rootValue: root, variableValues: variables })
  if (result instanceof Promise) throw new Error('The input query asked for something that is not there yet.')
  const [error] = result.errors ?? []
  if (error) throw new Error(`The input query failed: ${error.toString()}`, { cause: error })
  const text = JSON.stringify(result.data)
  if (Buffer.byteLength(text) > MAX_INPUT_BYTES) throw new Error(`The input has more than ${MAX_INPUT_BYTES} bytes.`)
  return z.json().parse(JSON.parse(text))
}

/**
 * Checks what a Function answered for a target.
 * @throws {GraphQLError | Error} when the schema does not allow it
 */
export function checkOutput(schema: GraphQLSchema, target: string, output: Json): void {
  const bytes = Buffer.byteLength(JSON.stringify(output))
  if (bytes > MAX_OUTPUT_BYTES) throw new Error(`The output has ${bytes} bytes, of ${MAX_OUTPUT_BYTES}.`)
  coerceInputValue(output, resultType(schema, target), (path, _value, error) => {
    throw new GraphQLError(`${target}: ${path.join('.')}: ${error.message}`)
  })
}

/** `cart.delivery-options.discounts.generate.run` → the argument of `cartDeliveryOptionsDiscountsGenerateRun`. */
function resultType(schema: GraphQLSchema, target: string): GraphQLInputType {
  const name = target.replaceAll(/[.-]([a-z])/g, (_match, letter: string) => letter.toUpperCase())
  const outcomes = schema.getMutationType()?.getFields() ?? {}
  const result = outcomes[name]?.args.find((argument) => argument.name === 'result')
  if (!result || isScalarType(result.type)) throw new Error(`Shopify knows no target ${target}.`)
  return result.type
}
