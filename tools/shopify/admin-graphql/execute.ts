import {
  type DocumentNode,
  type GraphQLFieldResolver,
  GraphQLError,
  type GraphQLSchema,
  GraphQLScalarType,
  Kind,
  type OperationDefinitionNode,
  execute,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isObjectType,
  parse,
  validate,
} from 'graphql'
import { z } from 'zod'
import { adminSchema } from '../../graphql/schema.ts'
import { type AnsweredError, invalidDocument, invalidVariables, topError } from './errors.ts'
import { Lazy } from './objects.ts'
import { type AdminContext, MUTATIONS, QUERIES } from './roots.ts'

/** Runs documents over Shopify's real schema. */

const Source = z.record(z.string(), z.unknown())
const MAX_REMEMBERED = 200

/** A document that fits the schema, with its one operation. */
export interface ValidDocument {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
}

const remembered = new Map<string, ValidDocument | readonly AnsweredError[]>()

/** The schema, whose `DateTime` is checked as Shopify does. Takes half a second the first time. */
export function schemaOf(): GraphQLSchema {
  const { schema } = adminSchema()
  const dateTime = schema.getType('DateTime')
  if (dateTime instanceof GraphQLScalarType) dateTime.parseValue = parseDateTime
  return schema
}

function parseDateTime(value: unknown): string {
  const text = z.string().safeParse(value).data ?? ''
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new GraphQLError(`invalid DateTime '${text}'`)
  return new Date(time).toISOString()
}

/** The names of the operation's root fields, for what is known before it runs. */
export function rootFields({ operation }: ValidDocument): string[] {
  return operation.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []))
}

/** Parses and validates; the same text is looked at once. */
export function readDocument(
  text: string,
  operationName: string | undefined,
): ValidDocument | readonly AnsweredError[] {
  const key = `${operationName ?? ''}\n${text}`
  const known = remembered.get(key)
  if (known) return known
  const read = check(text, operationName)
  if (remembered.size >= MAX_REMEMBERED) remembered.clear()
  remembered.set(key, read)
  return read
}

function check(text: string, operationName: string | undefined): ValidDocument | readonly AnsweredError[] {
  try {
    const document = parse(text)
    const errors = validate(schemaOf(), document)
    if (errors.length > 0) return errors.map(invalidDocument)
    const operation = getOperationAST(document, operationName)
    return operation ? { document, operation } : [{ message: 'No operation was chosen, or none has that name.' }]
  } catch (error) {
    if (error instanceof GraphQLError) return [invalidDocument(error)]
    throw error
  }
}

/** What variables say against themselves; undefined: they fit. */
export function variableErrors(
  { operation }: ValidDocument,
  variables: Readonly<Record<string, unknown>>,
): AnsweredError[] | undefined {
  const { errors } = getVariableValues(schemaOf(), operation.variableDefinitions ?? [], variables)
  return errors?.map(invalidVariables)
}

/** The answer's `data` and `errors`. */
export async function run(
  { document, operation }: ValidDocument,
  variables: Readonly<Record<string, unknown>>,
  context: AdminContext,
): Promise<{ data: unknown; errors: AnsweredError[] | undefined }> {
  const result = await execute({
    schema: schemaOf(),
    document,
    operationName: operation.name?.value,
    variableValues: variables,
    contextValue: context,
    fieldResolver: resolveField,
  })
  return { data: result.data, errors: result.errors?.map((error) => error.toJSON()) }
}

const resolveField: GraphQLFieldResolver<unknown, AdminContext> = (source, args, context, info) => {
  const { parentType, fieldName } = info
  checkAccess(`${parentType.name}.${fieldName}`, getNamedType(info.returnType).name, fieldName, context.scopes)
  if (parentType === info.schema.getMutationType() && context.refuseMutations) return refusal(info.returnType)
  const roots =
    parentType === info.schema.getQueryType()
      ? QUERIES
      : parentType === info.schema.getMutationType()
        ? MUTATIONS
        : undefined
  const root = roots?.[fieldName]
  if (root) return root(args, context)
  const value = roots ? undefined : Source.parse(source)[fieldName]
  if (value === undefined) {
    throw topError(`The stand-in does not have ${parentType.name}.${fieldName}.`, 'STAND_IN_NOT_IMPLEMENTED')
  }
  return value instanceof Lazy ? value.resolve(args) : value
}

/** Shopify answers ACCESS_DENIED for what the token's scopes do not cover. */
function checkAccess(field: string, typeName: string, fieldName: string, scopes: readonly string[]): void {
  const { requiredAccess } = adminSchema()
  // What a connection needs is said of its nodes' type.
  for (const sentence of [requiredAccess(field), requiredAccess(typeName.replace(/Connection$/, ''))]) {
    const named = sentence?.match(/`((?:read|write)_\w+)`/g)?.map((scope) => scope.slice(1, -1)) ?? []
    if (named.length === 0 || named.some((scope) => covers(scopes, scope))) continue
    throw topError(`Access denied for ${fieldName} field. Required access: ${sentence}`, 'ACCESS_DENIED', {
      documentation: 'https://shopify.dev/api/usage/access-scopes',
      requiredAccess: sentence,
    })
  }
}

/** Whoever may write may read. */
function covers(scopes: readonly string[], scope: string): boolean {
  return scopes.includes(scope) || scopes.includes(scope.replace(/^read_/, 'write_'))
}

/** A mutation's payload that says an unexpected error of Shopify's. */
function refusal(type: Parameters<typeof getNamedType>[0]): Readonly<Record<string, unknown>> {
  const named = getNamedType(type)
  const fields = isObjectType(named) ? Object.keys(named.getFields()) : []
  const message = 'Unexpected internal error happened. Please try again.'
  return {
    ...Object.fromEntries(fields.map((name) => [name, null])),
    userErrors: [{ field: null, code: 'INTERNAL_ERROR', message, extraInfo: null }],
  }
}
