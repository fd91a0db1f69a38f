import { z } from 'zod'
import { document, type Read, UserErrors } from './document.ts'
import type {
  BulkOperationQuery,
  BulkOperationQueryVariables,
  OrderEmailQuery,
  OrderEmailQueryVariables,
  OrderLinesQuery,
  OrderLinesQueryVariables,
  OrderQuery,
  OrderQueryVariables,
  OrdersCountQuery,
  OrdersCountQueryVariables,
  OrderShippingQuery,
  OrderShippingQueryVariables,
  OrdersQuery,
  OrdersQueryVariables,
  RecentBulkOperationsQuery,
  RecentBulkOperationsQueryVariables,
  RefundQuery,
  RefundQueryVariables,
  RunBulkQueryMutation,
  RunBulkQueryMutationVariables,
} from './documents.generated.ts'

/**
 * What LoyalNest asks about orders. Shopify refuses what might cost more than 1,000 points, counting lists as long as they
 * may be: so orders come five at a time with their first lines, what is longer and each refund is asked for by itself.
 */

const ORDERS_A_PAGE = 5
const LINES_AT_FIRST = 10
const LINES_A_PAGE = 50
const SHIPPING_AT_FIRST = 3
const REFUND_LINES_A_PAGE = 40

const MONEY = '{ shopMoney { amount currencyCode } }'
const PAGE_INFO = 'pageInfo { hasNextPage endCursor }'
const TAXES_AND_DISCOUNTS = `taxLines { priceSet ${MONEY} } discountAllocations { allocatedAmountSet ${MONEY} }`
const LINE = `id quantity currentQuantity isGiftCard title requiresShipping taxable originalUnitPriceSet ${MONEY} ${TAXES_AND_DISCOUNTS}`
const SHIPPING_LINE = `isRemoved originalPriceSet ${MONEY} discountedPriceSet ${MONEY} ${TAXES_AND_DISCOUNTS}`
const ORDER = `id currencyCode displayFinancialStatus test taxesIncluded cancelledAt createdAt processedAt updatedAt edited
      customer { id }
      discountCodes
      totalTipReceivedSet ${MONEY}
      refunds { id }`
const LISTED_ORDER = `${ORDER}
      email @include(if: $withEmail)
      lineItems(first: ${LINES_AT_FIRST}) { nodes { ${LINE} } ${PAGE_INFO} }
      shippingLines(first: ${SHIPPING_AT_FIRST}, includeRemovals: true) { nodes { ${SHIPPING_LINE} } ${PAGE_INFO} }`

const Money = z.object({ shopMoney: z.object({ amount: z.string(), currencyCode: z.string() }) })
const PageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() })
const page = <S extends z.ZodType>(node: S) => z.object({ nodes: z.array(node), pageInfo: PageInfo })

const taxesAndDiscounts = {
  taxLines: z.array(z.object({ priceSet: Money })),
  discountAllocations: z.array(z.object({ allocatedAmountSet: Money })),
}

export const LineNode = z.object({
  ...taxesAndDiscounts,
  id: z.string(),
  quantity: z.int(),
  currentQuantity: z.int(),
  isGiftCard: z.boolean(),
  title: z.string(),
  requiresShipping: z.boolean(),
  taxable: z.boolean(),
  originalUnitPriceSet: Money,
})
export type LineNode = Read<z.infer<typeof LineNode>>

export const ShippingNode = z.object({
  ...taxesAndDiscounts,
  isRemoved: z.boolean(),
  originalPriceSet: Money,
  discountedPriceSet: Money,
})
export type ShippingNode = Read<z.infer<typeof ShippingNode>>

/** An order without its lists. */
export const OrderNode = z.object({
  id: z.string(),
  currencyCode: z.string(),
  displayFinancialStatus: z.string().nullable(),
  test: z.boolean(),
  taxesIncluded: z.boolean(),
  cancelledAt: z.string().nullable(),
  createdAt: z.string(),
  processedAt: z.string(),
  updatedAt: z.string(),
  edited: z.boolean(),
  // Not asked for where the app may not read addresses.
  email: z.string().nullable().exactOptional(),
  customer: z.object({ id: z.string() }).nullable(),
  discountCodes: z.array(z.string()),
  totalTipReceivedSet: Money,
  refunds: z.array(z.object({ id: z.string() })),
})
export type OrderNode = Read<z.infer<typeof OrderNode>>

const ListedOrder = OrderNode.extend({ lineItems: page(LineNode), shippingLines: page(ShippingNode) })
export type ListedOrder = Read<z.infer<typeof ListedOrder>>

/** `search` in Shopify's search syntax; the least recently changed first. */
export const ORDERS = document<OrdersQueryVariables, OrdersQuery>(
  'query',
  `query Orders($search: String!, $after: String, $withEmail: Boolean!) {
    orders(first: ${ORDERS_A_PAGE}, after: $after, query: $search, sortKey: UPDATED_AT) {
      nodes {
      ${LISTED_ORDER}
      }
      ${PAGE_INFO}
    }
  }`,
  z.object({ orders: page(ListedOrder) }),
)

export const ORDERS_COUNT = document<OrdersCountQueryVariables, OrdersCountQuery>(
  'query',
  `query OrdersCount($search: String!) {
    ordersCount(query: $search, limit: null) { count }
  }`,
  z.object({ ordersCount: z.object({ count: z.int() }).nullable() }),
)

export const ORDER_BY_ID = document<OrderQueryVariables, OrderQuery>(
  'query',
  `query Order($id: ID!, $withEmail: Boolean!) {
    order(id: $id) {
      ${LISTED_ORDER}
    }
  }`,
  z.object({ order: ListedOrder.nullable() }),
)

export const ORDER_LINES = document<OrderLinesQueryVariables, OrderLinesQuery>(
  'query',
  `query OrderLines($id: ID!, $after: String) {
    order(id: $id) {
      lineItems(first: ${LINES_A_PAGE}, after: $after) { nodes { ${LINE} } ${PAGE_INFO} }
    }
  }`,
  z.object({ order: z.object({ lineItems: page(LineNode) }).nullable() }),
)

export const ORDER_SHIPPING = document<OrderShippingQueryVariables, OrderShippingQuery>(
  'query',
  `query OrderShipping($id: ID!, $after: String) {
    order(id: $id) {
      shippingLines(first: ${LINES_A_PAGE}, after: $after, includeRemovals: true) { nodes { ${SHIPPING_LINE} } ${PAGE_INFO} }
    }
  }`,
  z.object({ order: z.object({ shippingLines: page(ShippingNode) }).nullable() }),
)

const RefundedLine = z.object({
  quantity: z.int(),
  subtotalSet: Money,
  totalTaxSet: Money,
  lineItem: z.object({ id: z.string() }),
})
export type RefundedLine = Read<z.infer<typeof RefundedLine>>

export const RefundNode = z.object({
  id: z.string(),
  createdAt: z.string().nullable(),
  processedAt: z.string(),
  refundLineItems: page(RefundedLine),
  refundShippingLines: z.object({ nodes: z.array(z.object({ subtotalAmountSet: Money, taxAmountSet: Money })) }),
  orderAdjustments: z.object({
    nodes: z.array(z.object({ amountSet: Money, taxAmountSet: Money, reason: z.string().nullable() })),
  }),
})
export type RefundNode = Read<z.infer<typeof RefundNode>>

export const REFUND = document<RefundQueryVariables, RefundQuery>(
  'query',
  `query Refund($id: ID!, $after: String) {
    refund(id: $id) {
      id createdAt processedAt
      refundLineItems(first: ${REFUND_LINES_A_PAGE}, after: $after) {
        nodes { quantity subtotalSet ${MONEY} totalTaxSet ${MONEY} lineItem { id } }
        ${PAGE_INFO}
      }
      refundShippingLines(first: 10) { nodes { subtotalAmountSet ${MONEY} taxAmountSet ${MONEY} } }
      orderAdjustments(first: 10) { nodes { amountSet ${MONEY} taxAmountSet ${MONEY} reason } }
    }
  }`,
  z.object({ refund: RefundNode.nullable() }),
)

/** Finds out whether the app may read addresses: a bulk operation that may not fails as a whole. */
export const ORDER_EMAIL = document<OrderEmailQueryVariables, OrderEmailQuery>(
  'query',
  `query OrderEmail {
    orders(first: 1) { nodes { email } }
  }`,
  z.object({ orders: z.object({ nodes: z.array(z.object({ email: z.string().nullable() })) }) }),
)

/** For a bulk operation: all orders that a search finds, each with its lines below it. */
export function historyQuery(search: string, withEmail: boolean): string {
  return `query History {
    orders(query: ${JSON.stringify(search)}) {
      edges {
        node {
          __typename
          ${ORDER}
          ${withEmail ? 'email' : ''}
          lineItems { edges { node { __typename ${LINE} } } }
          shippingLines(includeRemovals: true) { edges { node { __typename ${SHIPPING_LINE} } } }
        }
      }
    }
  }`
}

/** The lines below an order are to come right after it in the file, so that it can be read in pieces. */
export const RUN_BULK_QUERY = document<RunBulkQueryMutationVariables, RunBulkQueryMutation>(
  'mutation',
  `mutation RunBulkQuery($query: String!) {
    bulkOperationRunQuery(query: $query, groupObjects: true) {
      bulkOperation { id }
      userErrors { code field message }
    }
  }`,
  z.object({
    bulkOperationRunQuery: z
      .object({
        bulkOperation: z.object({ id: z.string() }).nullable(),
        userErrors: UserErrors,
      })
      .nullable(),
  }),
)

export const BULK_OPERATION = document<BulkOperationQueryVariables, BulkOperationQuery>(
  'query',
  `query BulkOperation($id: ID!) {
    bulkOperation(id: $id) { id status errorCode rootObjectCount url }
  }`,
  z.object({
    bulkOperation: z
      .object({
        id: z.string(),
        status: z.string(),
        errorCode: z.string().nullable(),
        rootObjectCount: z.string(),
        url: z.string().nullable(),
      })
      .nullable(),
  }),
)

/** The newest first. */
export const RECENT_BULK_OPERATIONS = document<RecentBulkOperationsQueryVariables, RecentBulkOperationsQuery>(
  'query',
  `query RecentBulkOperations {
    bulkOperations(first: 10, query: "operation_type:query") { nodes { id query } }
  }`,
  z.object({ bulkOperations: z.object({ nodes: z.array(z.object({ id: z.string(), query: z.string() })) }) }),
)

/** All of them: what is generated and tested. */
export const ORDER_DOCUMENTS: readonly { readonly kind: 'query' | 'mutation'; readonly text: string }[] = [
  ORDERS,
  ORDERS_COUNT,
  ORDER_BY_ID,
  ORDER_LINES,
  ORDER_SHIPPING,
  REFUND,
  ORDER_EMAIL,
  RUN_BULK_QUERY,
  BULK_OPERATION,
  RECENT_BULK_OPERATIONS,
  { kind: 'query', text: historyQuery("created_at:>='2026-01-01T00:00:00Z'", true) },
]
