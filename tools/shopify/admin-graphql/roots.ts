import { z } from 'zod'
import type { Discount, UserError } from '../discounts/discount.ts'
import type { BulkOperations } from '../bulk.ts'
import type { Discounts } from '../discounts/discounts.ts'
import type { ShopOrders } from '../shop-orders.ts'
import { DiscountInput, applyInput, problemsOf } from './discount-input.ts'
import { topError } from './errors.ts'
import { bulkNode, bulkProblem } from './bulk.ts'
import { connection } from './connection.ts'
import { orderNode, ordersConnection, ordersCount, refundNode } from './orders.ts'
import { type Node, bulkCreationNode, discountApp, discountNode, gidOf, idOf } from './objects.ts'

/** The root fields that the stand-in has. */

/** What a request is about. */
export interface AdminContext {
  readonly shop: {
    readonly domain: string
    readonly name: string
    readonly currency: string
    readonly timeZone: string
  }
  readonly scopes: readonly string[]
  readonly discounts: Discounts
  /** A fresh id for a metafield. */
  readonly nextId: () => string
  readonly orders: ShopOrders
  readonly bulk: BulkOperations
  /** Where the files of bulk operations lie. */
  readonly origin: string
  /** Runs within a bulk operation, where lists have no pages. */
  readonly inBulk: boolean
  /** A mutation is to be refused: a fault that a test ordered. */
  readonly refuseMutations: boolean
}

type Root = (args: unknown, context: AdminContext) => Node | null

const ById = z.object({ id: z.string() })

function discountById(gid: string, { discounts, shop }: AdminContext): Discount | undefined {
  const id = idOf('DiscountCodeNode', gid)
  return id === undefined ? undefined : discounts.find(shop.domain, id)
}

export const QUERIES: Readonly<Record<string, Root>> = {
  shop: (_args, { shop }) => ({
    __typename: 'Shop',
    id: gidOf('Shop', '548380009'),
    name: shop.name,
    currencyCode: shop.currency,
    ianaTimezone: shop.timeZone,
    myshopifyDomain: shop.domain,
    taxesIncluded: true,
  }),
  currentAppInstallation: (_args, { scopes }) => ({
    __typename: 'AppInstallation',
    id: gidOf('AppInstallation', '641120001'),
    accessScopes: scopes.map((handle) => ({ handle, description: handle.replace('_', ' ') })),
  }),
  codeDiscountNode: (args, context) => {
    const discount = discountById(ById.parse(args).id, context)
    return discount ? discountNode(context.discounts, discount) : null
  },
  discountNode: (args, context) => {
    const discount = discountById(ById.parse(args).id, context)
    return discount ? discountNode(context.discounts, discount, 'DiscountNode') : null
  },
  codeDiscountNodeByCode: (args, { discounts, shop }) => {
    const code = discounts.code(shop.domain, z.object({ code: z.string() }).parse(args).code)
    const discount = code && discounts.find(shop.domain, code.discountId)
    return discount ? discountNode(discounts, discount) : null
  },
  discountRedeemCodeBulkCreation: (args, { discounts, shop }) => {
    const id = idOf('DiscountRedeemCodeBulkCreation', ById.parse(args).id)
    const creation = id === undefined ? undefined : discounts.bulkCreation(shop.domain, id)
    return creation ? bulkCreationNode(discounts, shop.domain, creation) : null
  },
  orders: (args, { orders, shop, inBulk }) => ordersConnection(orders, shop.domain, args, inBulk),
  ordersCount: (args, { orders, shop }) => ordersCount(orders, shop.domain, args),
  order: (args, { orders, shop }) => {
    const order = orders.find(shop.domain, idOf('Order', ById.parse(args).id) ?? '')
    return order ? orderNode(order) : null
  },
  refund: (args, { orders, shop }) => {
    const id = idOf('Refund', ById.parse(args).id)
    const order = id === undefined ? undefined : orders.ofRefund(shop.domain, id)
    const refund = order?.refunds.find((one) => one.id === id)
    return order && refund ? refundNode(order, refund) : null
  },
  bulkOperation: (args, { bulk, shop, origin }) => {
    const operation = bulk.find(shop.domain, idOf('BulkOperation', ById.parse(args).id) ?? '')
    return operation ? bulkNode(operation, origin) : null
  },
  bulkOperations: (args, { bulk, shop, origin }) =>
    connection(
      bulk.list(shop.domain).map((operation) => bulkNode(operation, origin)),
      args,
    ),
  job: (args, { discounts, shop }) => {
    const { id } = ById.parse(args)
    const done = discounts.removalDone(shop.domain, idOf('Job', id) ?? '')
    return done === undefined ? null : { __typename: 'Job', id, done }
  },
}

export const MUTATIONS: Readonly<Record<string, Root>> = {
  bulkOperationRunQuery: (args, { bulk, shop, origin, nextId }) => {
    const { query, groupObjects } = z.object({ query: z.string(), groupObjects: z.boolean() }).parse(args)
    const problem = bulkProblem(query)
    if (problem !== undefined) return bulkPayload(null, { field: ['query'], code: 'INVALID', message: problem })
    const operation = bulk.start(shop.domain, query, groupObjects, nextId())
    if (operation) return bulkPayload(bulkNode(operation, origin), null)
    const message = 'Bulk operations limit reached. Please try again later.'
    return bulkPayload(null, { field: null, code: 'LIMIT_REACHED', message })
  },
  discountCodeAppCreate: (args, context) => {
    const { codeAppDiscount: input } = z.object({ codeAppDiscount: DiscountInput }).parse(args)
    const { discounts, shop } = context
    const discount = applyInput(input, undefined, shop.domain, context.nextId)
    const code = input.code ?? ''
    const codeProblems = discounts
      .problemsOf(shop.domain, code)
      .map((problem): UserError => Object.assign(problem, { field: ['codeAppDiscount', 'code'] }))
    const errors = [...problemsOf(input, discount), ...codeProblems]
    if (errors.length > 0) return payload({ codeAppDiscount: null }, errors)
    return payload({ codeAppDiscount: discountApp(discounts, discounts.create(discount, code)) }, [])
  },
  discountCodeAppUpdate: (args, context) => {
    const { id, codeAppDiscount: input } = ById.extend({ codeAppDiscount: DiscountInput }).parse(args)
    const { discounts, shop } = context
    const before = discountById(id, context)
    if (!before) return payload({ codeAppDiscount: null }, [missing('id', 'Discount does not exist')])
    const after: Discount = { ...applyInput(input, before, shop.domain, context.nextId), id: before.id }
    const errors = [...problemsOf(input, after), ...newCodeProblems(input, before, context)]
    if (errors.length > 0) return payload({ codeAppDiscount: null }, errors)
    discounts.save(after)
    return payload({ codeAppDiscount: discountApp(discounts, after) }, [])
  },
  discountCodeActivate: (args, context) =>
    change(args, context, (discount, now) => ({
      ...discount,
      startsAt: Date.parse(discount.startsAt) > Date.parse(now) ? now : discount.startsAt,
      endsAt: null,
    })),
  discountCodeDeactivate: (args, context) => change(args, context, (discount, now) => ({ ...discount, endsAt: now })),
  discountCodeDelete: (args, context) => {
    const { id } = ById.parse(args)
    const discount = discountById(id, context)
    if (!discount) return payload({ deletedCodeDiscountId: null }, [missing('id', 'Code discount does not exist.')])
    context.discounts.delete(discount)
    return payload({ deletedCodeDiscountId: id }, [])
  },
  discountRedeemCodeBulkAdd: (args, context) => {
    const { discountId, codes } = z
      .object({ discountId: z.string(), codes: z.array(z.object({ code: z.string() })) })
      .parse(args)
    limitList(codes, 'codes')
    const discount = discountById(discountId, context)
    const { discounts, shop } = context
    if (!discount) {
      return payload({ bulkCreation: null }, [missing('discountId', 'Code discount does not exist.')])
    }
    if (codes.length === 0) {
      return payload({ bulkCreation: null }, [{ field: ['codes'], code: 'BLANK', message: "Codes can't be blank" }])
    }
    const creation = discounts.addLater(
      discount,
      codes.map(({ code }) => code),
    )
    return payload({ bulkCreation: bulkCreationNode(discounts, shop.domain, creation) }, [])
  },
  discountCodeRedeemCodeBulkDelete: (args, context) => {
    const { discountId, ids, search, savedSearchId } = z
      .object({
        discountId: z.string(),
        ids: z.array(z.string()).nullish(),
        search: z.string().nullish(),
        savedSearchId: z.string().nullish(),
      })
      .parse(args)
    limitList(ids ?? [], 'ids')
    if (search || savedSearchId) {
      throw topError('The stand-in deletes codes by their ids only.', 'STAND_IN_NOT_IMPLEMENTED')
    }
    const discount = discountById(discountId, context)
    if (!discount) return payload({ job: null }, [missing('discountId', 'Code discount does not exist.')])
    if (!ids || ids.length === 0) {
      const message = 'Missing expected argument key: `ids`, `search` or `saved_search_id`.'
      return payload({ job: null }, [{ field: null, code: 'MISSING_ARGUMENT', message }])
    }
    const job = context.discounts.removeLater(
      discount,
      ids.map((id) => idOf('DiscountRedeemCode', id) ?? ''),
    )
    return payload({ job: { __typename: 'Job', id: gidOf('Job', job), done: false } }, [])
  },
}

function change(args: unknown, context: AdminContext, make: (discount: Discount, now: string) => Discount): Node {
  const discount = discountById(ById.parse(args).id, context)
  if (!discount) return payload({ codeDiscountNode: null }, [missing('id', 'Code discount does not exist.')])
  const now = new Date().toISOString()
  const changed = { ...make(discount, now), updatedAt: now }
  context.discounts.save(changed)
  return payload({ codeDiscountNode: discountNode(context.discounts, changed) }, [])
}

/** With more than one code a discount's first code cannot be given another text. */
function newCodeProblems(input: DiscountInput, before: Discount, { discounts, shop }: AdminContext): UserError[] {
  if (!input.code) return []
  const known = discounts.code(shop.domain, input.code)
  if (known?.discountId === before.id) return []
  const message = 'The stand-in does not change the text of a code. Leave `code` out.'
  return [{ field: ['codeAppDiscount', 'code'], code: known ? 'TAKEN' : 'INVALID', message }]
}

function missing(field: string, message: string): UserError {
  return { field: [field], code: 'INVALID', message }
}

function bulkPayload(bulkOperation: Node | null, error: UserError | null): Node {
  return { bulkOperation, userErrors: error === null ? [] : [error] }
}

function payload(result: Node, errors: readonly UserError[]): Node {
  return { ...result, userErrors: errors.map((error) => ({ ...error, extraInfo: null })) }
}

/** https://shopify.dev/docs/api/usage/limits#input-limits */
function limitList(list: readonly unknown[], name: string): void {
  if (list.length <= 250) return
  const message = `The input array size of ${list.length} is greater than the maximum allowed of 250.`
  throw topError(message, 'MAX_INPUT_SIZE_EXCEEDED', { argument: name })
}
