import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { buildClientSchema, type GraphQLSchema, type IntrospectionQuery } from 'graphql'
import { z } from 'zod'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'

/** Shopify's real schemas, as its package `@shopify/dev-mcp` brings them along; nothing is downloaded. */

/** What Shopify says beside the standard introspection. */
const Described = z.looseObject({ name: z.string(), requiredAccess: z.string().nullish() })
const Introspection = z.looseObject({
  data: z.looseObject({
    __schema: z.looseObject({ types: z.array(Described.extend({ fields: z.array(Described).nullish() })) }),
  }),
})

/** A schema and what its parts demand of an app. */
export interface ShopifySchema {
  readonly schema: GraphQLSchema
  /** Shopify's sentence about the access that a type (`DiscountCodeApp`) or a field (`QueryRoot.job`) needs; undefined: none. */
  readonly requiredAccess: (typeOrField: string) => string | undefined
}

/** Reads one of the package's schemas by the name of its file, for example `functions_discount_2026-10`. */
export function loadSchema(name: string): ShopifySchema {
  const entry = fileURLToPath(import.meta.resolve('@shopify/dev-mcp'))
  const file = `${entry.slice(0, entry.lastIndexOf('dist'))}dist/data/${name}.json.gz`
  const parsed: unknown = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'))
  const needs = new Map<string, string | null | undefined>()
  for (const type of typesOf(parsed)) {
    needs.set(type.name, type.requiredAccess)
    for (const field of type.fields ?? []) needs.set(`${type.name}.${field.name}`, field.requiredAccess)
  }
  return {
    schema: buildClientSchema(introspectionOf(parsed)),
    requiredAccess: (typeOrField) => needs.get(typeOrField) ?? undefined,
  }
}

let admin: ShopifySchema | undefined

/** The Admin API's schema of the version that LoyalNest uses. Read once a process, in about half a second. */
export function adminSchema(): ShopifySchema {
  admin ??= loadSchema(`admin_${ADMIN_API_VERSION}`)
  return admin
}

function typesOf(parsed: unknown) {
  const { data } = Introspection.parse(parsed)
  // oxlint-disable-next-line no-underscore-dangle -- GraphQL names it so
  return data.__schema.types
}

function introspectionOf(parsed: unknown): IntrospectionQuery {
  if (!isIntrospection(parsed)) throw new Error('The file holds no introspection of a schema.')
  return parsed.data
}

/** `buildClientSchema` checks the rest itself, and says what is missing. */
function isIntrospection(parsed: unknown): parsed is { data: IntrospectionQuery } {
  return Introspection.safeParse(parsed).success
}
