import { z } from 'zod'
import { topError } from './errors.ts'

/** Relay's pages, as Shopify gives them. */

const Page = z.looseObject({
  first: z.int().min(0).nullish(),
  last: z.int().min(0).nullish(),
  after: z.string().nullish(),
  before: z.string().nullish(),
  reverse: z.boolean().nullish(),
})
const MAX_PAGE = 250

type Node = Readonly<Record<string, unknown>>

/** The asked-for page of all nodes. */
export function connection(all: readonly Node[], args: unknown): Node {
  const { first, last, after, before, reverse } = Page.parse(args)
  if ((first ?? last) === undefined || (first ?? last) === null) {
    throw topError('you must provide one of first or last', 'BAD_REQUEST')
  }
  if ((first ?? last ?? 0) > MAX_PAGE) {
    throw topError(`The maximum page size is ${MAX_PAGE}.`, 'MAX_PAGE_SIZE_EXCEEDED')
  }
  const edges = (reverse === true ? all.toReversed() : all).map((node) => ({ cursor: cursorOf(node), node }))
  const from = after ? edges.findIndex((edge) => edge.cursor === after) + 1 : 0
  const found = before ? edges.findIndex((edge) => edge.cursor === before) : -1
  const rest = edges.slice(from, found === -1 ? undefined : found)
  const page = typeof first === 'number' ? rest.slice(0, first) : rest.slice(Math.max(0, rest.length - (last ?? 0)))
  const [start] = page
  const end = page.at(-1)
  return {
    edges: page,
    nodes: page.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: end !== undefined && end !== edges.at(-1),
      hasPreviousPage: start !== undefined && start !== edges[0],
      startCursor: start?.cursor ?? null,
      endCursor: end?.cursor ?? null,
    },
  }
}

function cursorOf(node: Node): string {
  return Buffer.from(JSON.stringify(node['id'] ?? node['code'] ?? '')).toString('base64')
}
