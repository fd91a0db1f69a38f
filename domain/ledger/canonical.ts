import { createHash } from 'node:crypto'

/** The part of JSON that the ledger hashes: no fractions, no unsafe integers, so that RFC 8785 has one reading of it. */
export type Canonical =
  | string
  | number
  | boolean
  | null
  | readonly Canonical[]
  | { readonly [name: string]: Canonical | undefined }

function isArray(value: Canonical | object): value is readonly Canonical[] {
  return Array.isArray(value)
}

/**
 * RFC 8785 (JSON Canonicalization Scheme): names sorted by UTF-16 code units, no white space. A name whose value is
 * `undefined` is left out, as in JSON.
 * @throws TypeError on anything else than {@link Canonical}: fractions, unsafe integers, lone surrogates, dates, …
 */
export function canonicalJson(value: Canonical): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a safe integer`)
    return String(value)
  }
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object') throw new TypeError(`${typeof value} has no canonical JSON`)
  return isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : canonicalObject(value)
}

/** Text that needs no escape, as nearly all of an entry's does; finding that out is cheaper than to escape it. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no canonical JSON')
  return JSON.stringify(text)
}

function canonicalObject(value: { readonly [name: string]: Canonical | undefined }): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('only plain objects are canonical')
  let text = ''
  for (const name of Object.keys(value).toSorted()) {
    const member = value[name]
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** SHA-256 in hex of the canonical JSON. Synchronous, because it runs inside a storage transaction. */
export function sha256Canonical(value: Canonical): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex')
}
