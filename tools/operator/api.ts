import { existsSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readLocalInfo } from '../local/info.ts'

/** The API as an operator's command calls it. */
export interface OperatorApi {
  /** @throws with the problem's detail unless it answers 2xx in the shape of `schema`. */
  call<T>(method: 'GET' | 'POST', path: string, schema: z.ZodType<T>, body?: unknown): Promise<T>
}

const LOCAL_INFO = '.loyalnest/local.json'
const Problem = z.object({ title: z.string(), detail: z.string().optional(), code: z.string() })

/**
 * What stands on the command line: the words, the command's own options, and which system is meant.
 * @throws TypeError for an option that there is not
 */
export function parseCommand(
  args: readonly string[],
  own: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>> = {},
): {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly api: OperatorApi
} {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...own, app: { type: 'string' }, 'api-key': { type: 'string' } },
  })
  const local = values.app === undefined && existsSync(LOCAL_INFO) ? readLocalInfo(LOCAL_INFO) : undefined
  const app = values.app ?? local?.app
  const apiKey = values['api-key'] ?? process.env['LOYALNEST_API_KEY'] ?? local?.api_key
  if (app === undefined || apiKey === undefined) {
    throw new Error('Nothing runs here. Start it with npm start, or name a system: --app https://… --api-key ln_…')
  }
  return { words: positionals, options: values, api: operatorApi(app, apiKey) }
}

export function operatorApi(app: string, apiKey: string): OperatorApi {
  return {
    call: async (method, path, schema, body) => {
      const response = await send(new URL(path, app), {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          'idempotency-key': randomUUID(),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer: unknown = await response.json()
      if (response.ok) return schema.parse(answer)
      const problem = Problem.parse(answer)
      throw new Error(`${response.status} ${problem.code}: ${problem.detail ?? problem.title}`)
    },
  }
}

async function send(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request)
  } catch (error) {
    throw new Error(`${url.origin} does not answer`, { cause: error })
  }
}

/** Runs a command; an error is one line, not a stack. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
