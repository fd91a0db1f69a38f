import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openApiText } from '../workers/gateway/openapi.ts'

/** `npm run openapi`: writes `openapi.json` from the list of operations. A test fails while the two differ. */
await writeFile(join(import.meta.dirname, '../openapi.json'), openApiText())
console.log('openapi.json written')
