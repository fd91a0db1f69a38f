import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { importsOf, isProduction, objection, readImports, sourceFiles } from './import-graph.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(text('package.json')))
const allowed = Object.keys(dependencies)
const objectionTo = (from: string, source: string) =>
  importsOf(from, source).map((one) => objection(one, allowed) ?? 'allowed')

describe('the import graph', () => {
  const imports = readImports(ROOT)

  it('keeps to what each part may import', () => {
    expect(imports.map((one) => objection(one, allowed)).filter((reason) => reason !== undefined)).toEqual([])
  })

  it('names files that are there, with their ending', () => {
    const missing = imports.filter(({ local, to }) => local && !existsSync(path.join(ROOT, to)))
    expect(missing).toEqual([])
  })

  it('has the Neon driver in one file', () => {
    const users = imports.filter(({ to }) => to.startsWith('@neondatabase/')).map(({ from }) => from)
    expect(users).toEqual(['workers/platform/neon.ts'])
  })

  it('is not empty', () => {
    expect(imports.length).toBeGreaterThan(200)
  })
})

describe('names of objects', () => {
  it('are built in one file: a name built otherwise is silently another, empty object', () => {
    const builders = sourceFiles(ROOT)
      .filter((file) => isProduction(file) && !/^(tools|bench)\//.test(file))
      .filter((file) => /\.(idFromName|getByName|newUniqueId)\(/.test(text(file)))
    expect(builders).toEqual(['durable-objects/kernel/stubs.ts'])
  })
})

describe('a wrong import is found', () => {
  it.each([
    ['domain/ledger/decide.ts', "import { z } from 'hono'"],
    ['domain/ledger/decide.ts', "import type { Shop } from '../../workers/platform/control.ts'"],
    ['domain/ledger/decide.ts', "export * from '../../queues/batch.ts'"],
    ['domain/ledger/decide.ts', "const late = await import('../../queues/batch.ts')"],
    ['domain/ledger/decide.ts', "type Late = import('../../queues/batch.ts').Late"],
    ['durable-objects/merchant-hub/object.ts', "import { log } from '../../workers/platform/log.ts'"],
    ['durable-objects/customer-account/object.ts', "import { seal } from '../../workers/platform/crypto.ts'"],
    ['workers/integrations/shopify/oauth.ts', "import '../../../durable-objects/merchant-hub/object.ts'"],
    ['queues/consumers/events.ts', "import '../../durable-objects/customer-account/object.ts'"],
    ['workers/services/points/operations.ts', "import '../core/repository.ts'"],
    ['workers/platform/log.ts', "import '../gateway/app.ts'"],
    ['workers/platform/log.ts', "import 'vitest'"],
    ['web/widget/loyalnest.ts', "import 'zod'"],
    ['web/widget/loyalnest.ts', "import '../../domain/ledger/decide.ts'"],
  ])('in %s: %s', (file, source) => {
    expect(objectionTo(file, source)).toEqual([expect.stringContaining('may not import')])
  })

  it.each([
    ['domain/ledger/decide.ts', "import { createHash } from 'node:crypto'"],
    ['workers/services/points/operations.ts', "import './repository.ts'"],
    ['durable-objects/merchant-hub/shopify-access.ts', "import { seal } from '../../workers/platform/crypto.ts'"],
    ['workers/gateway/app.ts', "import '../services/points/operations.ts'"],
    ['web/widget/loyalnest.ts', "import type { Balance } from '../../domain/contracts/points.ts'"],
  ])('and a right one is not: in %s: %s', (file, source) => {
    expect(objectionTo(file, source)).toEqual(['allowed'])
  })
})
