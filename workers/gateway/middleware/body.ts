import type { Exchange } from '../exchange.ts'
import { Problem } from '../problem.ts'

/** The most bytes a body of the API may have, unless its operation says otherwise. */
export const API_BODY_LIMIT = 64 * 1024
/** The most bytes a webhook's body may have; Shopify's largest orders are about 2 MB. */
export const WEBHOOK_BODY_LIMIT = 4 * 1024 * 1024

function tooLarge(limit: number): Problem {
  return new Problem('payload_too_large', `The body may have at most ${limit} bytes.`)
}

/** The body's bytes. Refuses by the declared length, and where none is declared while reading. */
export async function readBody(request: Request, limit: number): Promise<ArrayBuffer> {
  const declared = request.headers.get('content-length')
  if (declared !== null) {
    // HTTP's framing ends the body at this length.
    if (!(Number(declared) <= limit)) throw tooLarge(limit)
    return request.arrayBuffer()
  }
  if (request.body === null) return new ArrayBuffer(0)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return new Blob(chunks).arrayBuffer()
}

/** The body's bytes, read once: whoever verifies a signature and whoever parses look at the same ones. */
export async function bodyOf(exchange: Exchange, limit: number): Promise<ArrayBuffer> {
  exchange.body ??= await readBody(exchange.request, limit)
  return exchange.body
}

/** The JSON of an API request's body. 415 unless it is declared as JSON, 413, 400 `malformed_json`. */
export async function readJson(exchange: Exchange, limit: number = API_BODY_LIMIT): Promise<unknown> {
  const type = exchange.request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type)) {
    throw new Problem('unsupported_media_type', 'Send JSON with Content-Type: application/json.', [], {
      'accept-post': 'application/json',
    })
  }
  const bytes = await bodyOf(exchange, limit)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    throw new Problem('malformed_json', 'The body cannot be read as JSON in UTF-8.')
  }
}
