import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { functionModule } from '../build.ts'
import { compileFunction } from './host.ts'

/** A Function extension of this app: its `shopify.extension.toml` with its input queries and its built Wasm. */
export interface FunctionExtension {
  readonly handle: string
  readonly apiVersion: string
  readonly targets: readonly FunctionTarget[]
  /** Which metafield of the discount holds the values of the queries' variables. */
  readonly variables: { readonly namespace: string; readonly key: string } | null
  readonly module: WebAssembly.Module
}

export interface FunctionTarget {
  /** For example `cart.lines.discounts.generate.run`. */
  readonly target: string
  readonly inputQuery: string
  readonly exportName: string
}

const Configuration = z.object({
  api_version: z.string(),
  extensions: z.tuple([
    z.object({
      type: z.literal('function'),
      name: z.string(),
      handle: z.string(),
      targeting: z.array(z.object({ target: z.string(), input_query: z.string(), export: z.string() })),
      build: z.object({ path: z.string() }),
      input: z.object({ variables: z.object({ namespace: z.string(), key: z.string() }) }).optional(),
    }),
  ]),
})

/**
 * All Functions of the app.
 * @throws {Error} when one is not built; `npm run build` does that
 */
export function loadExtensions(root: string): readonly FunctionExtension[] {
  return globSync('functions/*/shopify.extension.toml', { cwd: root }).map((file) => loadExtension(root, file))
}

function loadExtension(root: string, file: string): FunctionExtension {
  const folder = path.join(root, path.dirname(file))
  const configuration = Configuration.parse(parse(readFileSync(path.join(root, file), 'utf8')))
  const [extension] = configuration.extensions
  const wasm = path.join(root, functionModule(path.basename(folder)))
  return {
    handle: extension.handle,
    apiVersion: configuration.api_version,
    targets: extension.targeting.map(({ target, input_query: query, export: exportName }) => ({
      target,
      inputQuery: readFileSync(path.join(folder, query), 'utf8'),
      exportName,
    })),
    variables: extension.input?.variables ?? null,
    module: compileFunction(readBuilt(wasm)),
  }
}

function readBuilt(wasm: string): Uint8Array {
  try {
    return readFileSync(wasm)
  } catch (error) {
    throw new Error(`${wasm} is not there: run \`npm run build\`.`, { cause: error })
  }
}
