import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { documentTypes, TYPES_FILE } from './types.ts'

/** `npm run graphql`: writes the types of the Admin API documents. A test fails while the two differ. */
await writeFile(path.join(import.meta.dirname, '../..', TYPES_FILE), await documentTypes())
console.log(`${TYPES_FILE} written`)
