import { z } from 'zod'
import { type Discount, type Metafield, type RedeemCode, statusOf } from '../discounts/discount.ts'
import type { BulkCreation, Discounts } from '../discounts/discounts.ts'
import { connection } from './connection.ts'
import { topError } from './errors.ts'

/** The objects of the Admin API that the stand-in has. A field that is missing here is refused by its name. */

export type Node = Readonly<Record<string, unknown>>

/** A field that needs its arguments, or costs something to find. */
export class Lazy {
  readonly resolve: (args: unknown) => unknown

  constructor(resolve: (args: unknown) => unknown) {
    this.resolve = resolve
  }
}

type Resource =
  | 'BulkOperation'
  | 'DiscountCodeNode'
  | 'DiscountRedeemCode'
  | 'DiscountRedeemCodeBulkCreation'
  | 'Job'
  | 'Metafield'
  | 'Order'
  | 'Refund'
  | 'Shop'
  | 'App'
  | 'AppInstallation'

export function gidOf(resource: Resource, id: string): string {
  return `gid://shopify/${resource}/${id}`
}

/** The last part of a gid of that resource; undefined: it is of another. */
export function idOf(resource: Resource, gid: string): string | undefined {
  const match = /^gid:\/\/shopify\/(\w+)\/([\w-]+)$/.exec(gid)
  if (!match) throw topError(`Invalid global id '${gid}'`, 'argumentLiteralsIncompatible')
  return match[1] === resource ? match[2] : undefined
}

/** Shopify's `DateTime`: UTC, whole seconds. */
export function moment(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z')
}

/** What a `$app:…` namespace is for everybody else. */
function resolved(namespace: string): string {
  return namespace.replace(/^\$app:?/, 'app--248106975233--').replace(/--$/, '')
}

function metafieldNode(field: Metafield): Node {
  return {
    __typename: 'Metafield',
    id: gidOf('Metafield', field.id),
    namespace: resolved(field.namespace),
    key: field.key,
    type: field.type,
    value: field.value,
    jsonValue: new Lazy((): unknown => (field.type === 'json' ? JSON.parse(field.value) : field.value)),
    sizeInBytes: Buffer.byteLength(field.value),
    createdAt: moment(field.createdAt),
    updatedAt: moment(field.updatedAt),
    legacyResourceId: field.id,
  }
}

export function redeemCodeNode(discounts: Discounts, code: RedeemCode): Node {
  return {
    __typename: 'DiscountRedeemCode',
    id: gidOf('DiscountRedeemCode', code.id),
    code: code.code,
    asyncUsageCount: new Lazy(() => discounts.asyncUses(code.id)),
  }
}

const CodesArgs = z.looseObject({ query: z.string().nullish() })

/**
 * The search of `codes(query:)`: each word must be somewhere in the code, upper or lower case, as the default filter
 * finds. It says less than equality: whoever looks for one code compares what comes.
 */
function matches(code: RedeemCode, query: string | null | undefined): boolean {
  const id = /^id:(\d+)$/.exec(query ?? '')
  if (id) return code.id === id[1]
  const words = (query ?? '').toUpperCase().match(/[\p{L}\p{N}]+/gu) ?? []
  return words.every((word) => code.code.toUpperCase().includes(word))
}

/** `DiscountCodeApp`. */
export function discountApp(discounts: Discounts, discount: Discount): Node {
  return {
    __typename: 'DiscountCodeApp',
    discountId: gidOf('DiscountCodeNode', discount.id),
    title: discount.title,
    status: statusOf(discount, Date.now()),
    startsAt: moment(discount.startsAt),
    endsAt: discount.endsAt === null ? null : moment(discount.endsAt),
    usageLimit: discount.usageLimit,
    appliesOncePerCustomer: discount.appliesOncePerCustomer,
    appliesOnOneTimePurchase: true,
    appliesOnSubscription: false,
    recurringCycleLimit: 1,
    discountClasses: discount.classes,
    combinesWith: { ...discount.combinesWith, productDiscountsWithTagsOnSameCartLine: null },
    tags: discount.tags,
    createdAt: moment(discount.createdAt),
    updatedAt: moment(discount.updatedAt),
    asyncUsageCount: new Lazy(() => discounts.asyncUsesOf(discount.id)),
    codesCount: new Lazy(() => ({ count: discounts.codes(discount.id).length, precision: 'EXACT' })),
    codes: new Lazy((args) => {
      const { query } = CodesArgs.parse(args)
      const found = discounts.codes(discount.id).filter((code) => matches(code, query))
      return connection(
        found.map((code) => redeemCodeNode(discounts, code)),
        args,
      )
    }),
    context: { __typename: 'DiscountBuyerSelectionAll', all: 'ALL' },
    appDiscountType: {
      functionId: '0197c2f4-6f0a-7d31-8a1e-2d1f0a9c3b57',
      title: discount.functionHandle,
      discountClasses: discount.classes,
    },
  }
}

const MetafieldArgs = z.looseObject({ namespace: z.string().nullish(), key: z.string() })
const MetafieldsArgs = z.looseObject({ namespace: z.string().nullish(), keys: z.array(z.string()).nullish() })

/** `DiscountCodeNode`, or the same as a `DiscountNode`. */
export function discountNode(
  discounts: Discounts,
  discount: Discount,
  typename: 'DiscountCodeNode' | 'DiscountNode' = 'DiscountCodeNode',
): Node {
  const app = discountApp(discounts, discount)
  const inNamespace = (namespace: string | null | undefined) =>
    discount.metafields.filter((field) => resolved(field.namespace) === resolved(namespace ?? '$app'))
  return {
    __typename: typename,
    id: gidOf('DiscountCodeNode', discount.id),
    [typename === 'DiscountNode' ? 'discount' : 'codeDiscount']: app,
    metafield: new Lazy((args) => {
      const { namespace, key } = MetafieldArgs.parse(args)
      const field = inNamespace(namespace).find((one) => one.key === key)
      return field ? metafieldNode(field) : null
    }),
    metafields: new Lazy((args) => {
      const { namespace, keys } = MetafieldsArgs.parse(args)
      const all = namespace ? inNamespace(namespace) : discount.metafields
      const asked = all.filter((one) => !keys || keys.includes(`${one.namespace}.${one.key}`))
      return connection(asked.map(metafieldNode), args)
    }),
  }
}

/** `DiscountRedeemCodeBulkCreation`. */
export function bulkCreationNode(discounts: Discounts, shop: string, creation: BulkCreation): Node {
  const failed = creation.codes.filter((code) => code.errors.length > 0).length
  const imported = creation.codes.filter((code) => code.redeemCodeId !== null).length
  return {
    __typename: 'DiscountRedeemCodeBulkCreation',
    id: gidOf('DiscountRedeemCodeBulkCreation', creation.id),
    done: creation.done,
    createdAt: moment(creation.createdAt),
    codesCount: creation.codes.length,
    failedCount: failed,
    importedCount: imported,
    discountCode: new Lazy(() => {
      const discount = discounts.find(shop, creation.discountId)
      return discount ? discountNode(discounts, discount) : null
    }),
    codes: new Lazy((args) =>
      connection(
        creation.codes.map((created) => {
          const code = created.redeemCodeId === null ? undefined : discounts.codeById(shop, created.redeemCodeId)
          return {
            code: created.code,
            errors: created.errors.map((error) => ({ ...error, extraInfo: null })),
            discountRedeemCode: code ? redeemCodeNode(discounts, code) : null,
          }
        }),
        args,
      ),
    ),
  }
}
