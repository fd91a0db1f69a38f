import { GraphQLError } from 'graphql'

/** Errors in the words of Shopify's server, which is graphql-ruby; this one is graphql-js. */

/** An error as the answer's `errors` has it. */
export interface AnsweredError {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** An error at the top level, beside or instead of data. */
export function topError(message: string, code: string, more: Readonly<Record<string, unknown>> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...more } })
}

/** A document that does not fit the schema. */
export function invalidDocument(error: GraphQLError): AnsweredError {
  const locations = error.locations ?? []
  const unknownField = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(error.message)
  if (unknownField) {
    const [, fieldName = '', typeName = ''] = unknownField
    return {
      message: `Field '${fieldName}' doesn't exist on type '${typeName}'`,
      locations,
      extensions: { code: 'undefinedField', typeName, fieldName },
    }
  }
  const unknownArgument = /^Unknown argument "(\w+)" on field "(\w+)\.(\w+)"/.exec(error.message)
  if (unknownArgument) {
    const [, argumentName = '', , name = ''] = unknownArgument
    return {
      message: `Field '${name}' doesn't accept argument '${argumentName}'`,
      locations,
      extensions: { code: 'argumentNotAccepted', name, typeName: 'Field', argumentName },
    }
  }
  return { message: error.message, locations, extensions: { code: 'invalidDocument' } }
}

/** Variables that do not fit the operation. */
export function invalidVariables(error: GraphQLError): AnsweredError {
  return {
    message: error.message,
    locations: error.locations ?? [],
    extensions: { code: 'INVALID_VARIABLE', problems: [{ path: [], explanation: error.message }] },
  }
}
