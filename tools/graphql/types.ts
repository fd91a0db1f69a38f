import { codegen } from '@graphql-codegen/core'
import * as operations from '@graphql-codegen/typescript-operations'
import { parse, printSchema } from 'graphql'
import { DOCUMENTS } from '../../workers/integrations/shopify/admin/documents.ts'
import { adminSchema } from './schema.ts'

/** The file that holds the types of our Admin API documents, from the root. */
export const TYPES_FILE = 'workers/integrations/shopify/admin/documents.generated.ts'

/** Its text, from the documents and the real schema. */
export async function documentTypes(): Promise<string> {
  const { schema } = adminSchema()
  const types = await codegen({
    filename: TYPES_FILE,
    schema: parse(printSchema(schema)),
    schemaAst: schema,
    documents: DOCUMENTS.map(({ text }, index) => ({ location: `document ${index}`, document: parse(text) })),
    config: {},
    pluginMap: { operations },
    plugins: [
      {
        operations: {
          skipTypename: true,
          disableDescriptions: true,
          immutableTypes: true,
          useTypeImports: true,
          arrayInputCoercion: false,
          scalars: { DateTime: 'string', Decimal: 'string', ID: 'string', UnsignedInt64: 'string', URL: 'string' },
          defaultScalarType: 'unknown',
        },
      },
    ],
  })
  return `// Written by \`npm run graphql\`; a test compares it with the documents.\n${types.trimEnd()}\n`
}
