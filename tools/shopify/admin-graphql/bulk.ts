import { z } from 'zod'
import { type BulkOperation, type BulkResult, fileName } from '../bulk.ts'
import { readDocument, run } from './execute.ts'
import { gidOf, moment, type Node } from './objects.ts'
import type { AdminContext } from './roots.ts'

/** `BulkOperation`. `origin`: where the files lie. */
export function bulkNode(operation: BulkOperation, origin: string): Node {
  const { id, status, errorCode, createdAt, completedAt, rootObjects, objects } = operation
  const isThere = status === 'COMPLETED' && objects > 0
  return {
    __typename: 'BulkOperation',
    id: gidOf('BulkOperation', id),
    type: 'QUERY',
    status,
    errorCode,
    query: operation.query,
    createdAt: moment(createdAt),
    completedAt: completedAt === null ? null : moment(completedAt),
    rootObjectCount: String(rootObjects),
    objectCount: String(objects),
    url: isThere ? `${origin}/bulk/${fileName(operation)}` : null,
    partialDataUrl: null,
  }
}

/** What Shopify has against a query for a bulk operation; undefined: nothing. */
export function bulkProblem(query: string): string | undefined {
  const read = readDocument(query, undefined)
  if (!('document' in read)) return `Invalid bulk query: ${read[0]?.message ?? ''}`
  return /\bedges\b/.test(query) ? undefined : 'Bulk queries must contain at least one connection.'
}

const Connection = z.object({ edges: z.array(z.object({ node: z.record(z.string(), z.unknown()) })) })

/** Runs a bulk operation's query and lays its objects out, one a line. */
export async function runBulk({ query, grouped }: BulkOperation, context: AdminContext): Promise<BulkResult> {
  const read = readDocument(query, undefined)
  if (!('document' in read)) throw new Error('the query was checked when the operation began')
  const { data, errors } = await run(read, {}, { ...context, inBulk: true })
  if (errors) throw new Error(errors.map(({ message }) => message).join(' '))
  const [root] = Object.values(z.record(z.string(), z.unknown()).parse(data))
  const { edges } = Connection.parse(root)
  const groups = edges.map(({ node }) => linesOf(node))
  const lines = grouped
    ? groups.flat()
    : // Without grouping nothing is said of where children are: here they all come after all parents.
      [...groups.flatMap(([own = '']) => own), ...groups.flatMap(([, ...children]) => children)]
  return { lines, rootObjects: edges.length }
}

/** An object without its lists, then what its lists have. */
function linesOf(node: Readonly<Record<string, unknown>>): string[] {
  const own: Record<string, unknown> = {}
  const children: string[] = []
  for (const [name, value] of Object.entries(node)) {
    const list = Connection.safeParse(value)
    if (!list.success) own[name] = value
    else for (const edge of list.data.edges) children.push(JSON.stringify({ ...edge.node, __parentId: node['id'] }))
  }
  return [JSON.stringify(own), ...children]
}
