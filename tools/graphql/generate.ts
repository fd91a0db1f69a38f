import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { documentTypes, TYPES_FILE } from './types.ts'

/** `npm run graphql`: writes the types of the Admin API documents; with `--check` it only says whether they differ. */
const file = path.join(import.meta.dirname, '../..', TYPES_FILE)
const types = await documentTypes()
if (!process.argv.includes('--check')) {
  writeFileSync(file, types)
  console.log(`${TYPES_FILE} written`)
} else if (readFileSync(file, 'utf8') !== types) {
  console.error(`${TYPES_FILE} is not what the documents say. Run: npm run graphql`)
  process.exitCode = 1
}
