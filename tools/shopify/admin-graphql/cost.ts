import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  Kind,
  OperationTypeNode,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { z } from 'zod'

/** Calculated query cost and the bucket it is paid from: https://shopify.dev/docs/api/usage/limits. Standard plan. */

export const MAXIMUM_AVAILABLE = 2000
export const RESTORE_RATE = 100
/** A single query may cost this much. */
export const MAX_QUERY_COST = 1000
const MUTATION_COST = 10
const CONNECTION_COST = 2

const Sized = z.looseObject({ first: z.int().nullish(), last: z.int().nullish() })
const Page = z.looseObject({ nodes: z.array(z.unknown()).optional(), edges: z.array(z.unknown()).optional() })

interface Walk {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
}

/**
 * Scalars and enums cost nothing, an object 1, a connection 2 and as many of its nodes as are asked for, a mutation 10.
 * With `data`, the answer: what it did cost, by what was found.
 */
export function queryCost(walk: Walk, operation: OperationDefinitionNode, data?: unknown): number {
  const root = walk.schema.getRootType(operation.operation)
  if (!root) return 0
  const mutations =
    operation.operation === OperationTypeNode.MUTATION ? operation.selectionSet.selections.length * MUTATION_COST : 0
  const cost = selectionCost(walk, operation.selectionSet, root, data === undefined ? undefined : [data])
  // A mutation's own object is in its price.
  return mutations > 0 ? mutations + cost - operation.selectionSet.selections.length : cost
}

/** `found`: what of the type was answered; undefined: estimate for one. */
function selectionCost(
  walk: Walk,
  selectionSet: SelectionSetNode,
  type: GraphQLCompositeType,
  found: readonly unknown[] | undefined,
): number {
  return selectionSet.selections.reduce((sum, selection) => {
    if (selection.kind === Kind.FIELD) return sum + fieldCost(walk, selection, type, found)
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : walk.document.definitions.find(
            (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
          )
    if (fragment?.kind !== Kind.INLINE_FRAGMENT && fragment?.kind !== Kind.FRAGMENT_DEFINITION) return sum
    const condition = fragment.typeCondition && walk.schema.getType(fragment.typeCondition.name.value)
    const narrowed = isCompositeType(condition) ? condition : type
    return sum + selectionCost(walk, fragment.selectionSet, narrowed, found)
  }, 0)
}

function fieldCost(
  walk: Walk,
  field: FieldNode,
  parent: GraphQLCompositeType,
  found: readonly unknown[] | undefined,
): number {
  const output = outputOf(parent, field.name.value)
  const type = output && getNamedType(output)
  if (!type || !field.selectionSet || !isCompositeType(type)) return 0
  const key = field.alias?.value ?? field.name.value
  const answers = found?.flatMap((one) => membersOf(one, key))
  const each = () =>
    selectionCost(walk, field.selectionSet ?? { kind: Kind.SELECTION_SET, selections: [] }, type, answers)
  if (!type.name.endsWith('Connection')) return (answers?.length ?? 1) + each()
  if (answers === undefined) return CONNECTION_COST + pageSize(walk, field) * Math.max(1, each())
  const nodes = answers.reduce<number>((sum, answer) => {
    const page = Page.safeParse(answer)
    return sum + (page.data?.nodes?.length ?? page.data?.edges?.length ?? 0)
  }, 0)
  return answers.length * CONNECTION_COST + nodes
}

function outputOf(parent: GraphQLCompositeType, name: string): GraphQLOutputType | undefined {
  if (isUnionType(parent)) return undefined
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name]?.type : undefined
}

function membersOf(object: unknown, key: string): unknown[] {
  const value = z.record(z.string(), z.unknown()).safeParse(object).data?.[key]
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]
}

function pageSize(walk: Walk, field: FieldNode): number {
  const given = Object.fromEntries(
    (field.arguments ?? []).map(({ name, value }) => [
      name.value,
      value.kind === Kind.VARIABLE
        ? walk.variables[value.name.value]
        : value.kind === Kind.INT
          ? Number(value.value)
          : undefined,
    ]),
  )
  const { first, last } = Sized.safeParse(given).data ?? {}
  return first ?? last ?? 1
}

/** What `extensions.cost.throttleStatus` tells. */
export interface ThrottleStatus {
  readonly maximumAvailable: number
  readonly currentlyAvailable: number
  readonly restoreRate: number
}

/** A shop's leaky bucket. */
export class Bucket {
  #available = MAXIMUM_AVAILABLE
  #atMs = Date.now()

  /** Takes points if they are there. */
  take(points: number): boolean {
    this.#restore()
    if (this.#available < points) return false
    this.#available -= points
    return true
  }

  /** Gives back what a query did not cost after all. */
  giveBack(points: number): void {
    this.#restore()
    this.#available = Math.min(MAXIMUM_AVAILABLE, this.#available + points)
  }

  status(): ThrottleStatus {
    this.#restore()
    const currentlyAvailable = Math.floor(this.#available)
    return { maximumAvailable: MAXIMUM_AVAILABLE, currentlyAvailable, restoreRate: RESTORE_RATE }
  }

  #restore(): void {
    const now = Date.now()
    this.#available = Math.min(MAXIMUM_AVAILABLE, this.#available + ((now - this.#atMs) / 1000) * RESTORE_RATE)
    this.#atMs = now
  }
}
