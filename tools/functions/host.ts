/**
 * Runs a Shopify Function as Shopify does: its Wasm, the imports of `shopify_function_v2` and nothing else, a fresh
 * instance a run. Follows github.com/Shopify/shopify-function-wasm-api: the boxes of values, the errors of reads and the
 * state machine of writes.
 */

/** JSON, as a Function reads and writes it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

export interface FunctionRun {
  readonly output: Json
  /** What the Function logged; Shopify keeps the last 1,000 bytes. */
  readonly logs: string
  /** Calls between the Function and its host: a measure of its work. */
  readonly hostCalls: number
}

/** The Function trapped, left its output unfinished, or is not made for this host. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError'
  /** What it logged before. */
  readonly logs: string

  constructor(message: string, { logs = '', cause }: { readonly logs?: string; readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.logs = logs
  }
}

/** @throws {WebAssembly.CompileError} */
export function compileFunction(wasm: Uint8Array): WebAssembly.Module {
  // Reflect, because Cloudflare's types, which rule here, leave out what a Worker may not do: compile code.
  const module: unknown = Reflect.construct(WebAssembly.Module, [wasm])
  if (!(module instanceof WebAssembly.Module)) throw new FunctionError('This runtime compiles no Wasm.')
  return module
}

/**
 * @param instruments further imports, for modules that a test has instrumented
 * @throws {FunctionError}
 */
export function runFunction(
  module: WebAssembly.Module,
  exportName: string,
  input: Json,
  instruments: WebAssembly.ModuleImports = {},
): FunctionRun {
  const reader = new InputReader(input)
  const writer = new OutputWriter()
  const logs: string[] = []
  let hostCalls = 0
  const memory = new GuestMemory()
  const counted = <A extends readonly unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      hostCalls += 1
      return call(...args)
    }
  }
  const interned: string[] = []
  const imports = {
    shopify_function_input_get: counted(() => reader.root()),
    shopify_function_input_get_obj_prop: counted((scope: bigint, name: number, length: number) =>
      reader.property(scope, memory.read(name, length)),
    ),
    shopify_function_input_get_interned_obj_prop: counted((scope: bigint, id: number) =>
      reader.property(scope, interned[id] ?? ''),
    ),
    shopify_function_input_get_at_index: counted((scope: bigint, index: number) => reader.element(scope, index >>> 0)),
    shopify_function_input_get_obj_key_at_index: counted((scope: bigint, index: number) =>
      reader.key(scope, index >>> 0),
    ),
    shopify_function_input_get_val_len: counted((scope: bigint) => reader.size(scope)),
    shopify_function_input_read_utf8_str: counted((source: number, out: number, length: number) =>
      memory.write(out, reader.utf8(source >>> 0).subarray(0, length >>> 0)),
    ),
    shopify_function_output_new_bool: counted((value: number) => writer.scalar(value !== 0)),
    shopify_function_output_new_null: counted(() => writer.scalar(null)),
    shopify_function_output_new_i32: counted((value: number) => writer.scalar(value)),
    shopify_function_output_new_f64: counted((value: number) => writer.scalar(value)),
    shopify_function_output_new_utf8_str: counted((text: number, length: number) =>
      writer.string(memory.read(text, length)),
    ),
    shopify_function_output_new_interned_utf8_str: counted((id: number) => writer.string(interned[id] ?? '')),
    shopify_function_output_new_object: counted((properties: number) => writer.beginObject(properties >>> 0)),
    shopify_function_output_finish_object: counted(() => writer.endObject()),
    shopify_function_output_new_array: counted((length: number) => writer.beginArray(length >>> 0)),
    shopify_function_output_finish_array: counted(() => writer.endArray()),
    shopify_function_intern_utf8_str: counted(
      (text: number, length: number) => interned.push(memory.read(text, length)) - 1,
    ),
    shopify_function_log_new_utf8_str: counted((text: number, length: number) => {
      logs.push(memory.read(text, length))
    }),
  }
  try {
    const instance = new WebAssembly.Instance(module, { shopify_function_v2: { ...imports, ...instruments } })
    memory.attach(instance)
    const run = instance.exports[exportName]
    if (typeof run !== 'function') throw new Error(`it exports no ${exportName}`)
    run()
    return { output: writer.finished(), logs: logs.join(''), hostCalls }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new FunctionError(`The Function's ${exportName} failed: ${problem}`, { logs: logs.join(''), cause })
  }
}

/** The Function's own memory. Looked at anew each time: it moves when it grows. */
class GuestMemory {
  #memory: WebAssembly.Memory | undefined

  attach(instance: WebAssembly.Instance): void {
    const { memory } = instance.exports
    if (!(memory instanceof WebAssembly.Memory)) throw new Error('it exports no memory')
    this.#memory = memory
  }

  read(from: number, length: number): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes(from, length))
  }

  write(to: number, bytes: Uint8Array): void {
    this.#bytes(to, bytes.length).set(bytes)
  }

  #bytes(from: number, length: number): Uint8Array {
    if (!this.#memory) throw new Error('it called its host before it ran')
    return new Uint8Array(this.#memory.buffer, from >>> 0, length >>> 0)
  }
}

const BOXED = 0x7ffcn << 48n
const Tag = { null: 0n, boolean: 1n, string: 3n, object: 4n, array: 5n, error: 15n } as const
const MAX_BOXED_LENGTH = 0x3fff

const ReadError = { notAnObject: 1, read: 3, indexOutOfBounds: 5, notIndexable: 6 } as const

/** Opens the input value by value. A pointer of a box is a number in the list of the values handed out. */
class InputReader {
  readonly #input: Json
  readonly #values: Json[] = []

  constructor(input: Json) {
    this.#input = input
  }

  root(): bigint {
    return this.#box(this.#input)
  }

  property(scope: bigint, name: string): bigint {
    const value = this.#open(scope)
    if (!isObject(value)) return fault(ReadError.notAnObject)
    return this.#box(Object.hasOwn(value, name) ? (value[name] ?? null) : null)
  }

  element(scope: bigint, index: number): bigint {
    const value = this.#open(scope)
    if (value === null || typeof value !== 'object') return fault(ReadError.notIndexable)
    const elements = isObject(value) ? Object.values(value) : value
    const element = elements[index]
    return element === undefined ? fault(ReadError.indexOutOfBounds) : this.#box(element)
  }

  key(scope: bigint, index: number): bigint {
    const value = this.#open(scope)
    if (!isObject(value)) return fault(ReadError.notAnObject)
    const key = Object.keys(value)[index]
    return key === undefined ? fault(ReadError.indexOutOfBounds) : this.#box(key)
  }

  size(scope: bigint): number {
    const value = this.#open(scope)
    if (typeof value === 'string') return Buffer.byteLength(value)
    if (value === null || typeof value !== 'object') return -1
    return isObject(value) ? Object.keys(value).length : value.length
  }

  utf8(pointer: number): Uint8Array {
    const value = this.#values[pointer]
    if (typeof value !== 'string') throw new Error(`it read a text at ${pointer}, where none is`)
    return Buffer.from(value)
  }

  #box(value: Json): bigint {
    if (typeof value === 'number') return bits(value)
    if (value === null) return box(Tag.null, 0, 0)
    if (typeof value === 'boolean') return box(Tag.boolean, 0, value ? 1 : 0)
    const pointer = this.#values.push(value) - 1
    if (typeof value === 'string') return box(Tag.string, Buffer.byteLength(value), pointer)
    if (isObject(value)) return box(Tag.object, Object.keys(value).length, pointer)
    return box(Tag.array, value.length, pointer)
  }

  /** The value of a box; undefined for an error, and for what is no box of ours. */
  #open(scope: bigint): Json | undefined {
    const boxed = BigInt.asUintN(64, scope)
    if ((boxed & BOXED) !== BOXED) return 0
    const tag = (boxed >> 46n) & 15n
    if (tag === Tag.null) return null
    if (tag === Tag.boolean) return (boxed & 1n) === 1n
    if (tag === Tag.error) return undefined
    return this.#values[Number(boxed & 0xffff_ffffn)]
  }
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
}

function box(tag: bigint, length: number, payload: number): bigint {
  const boxedLength = BigInt(Math.min(length, MAX_BOXED_LENGTH))
  return BOXED | (tag << 46n) | (boxedLength << 32n) | BigInt(payload)
}

function fault(code: number): bigint {
  return box(Tag.error, 0, code)
}

function bits(value: number): bigint {
  return new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n
}

/** Why a write was not taken, as the Function is told. */
const WriteResult = {
  ok: 0,
  expectedKey: 2,
  objectLength: 3,
  alreadyWritten: 4,
  notAnObject: 5,
  arrayLength: 7,
  notAnArray: 8,
} as const

interface Frame {
  readonly kind: 'object' | 'array'
  /** Elements, or names and values together. */
  readonly expected: number
  readonly written: Json[]
}

/** Puts the output together from the Function's writes. */
class OutputWriter {
  readonly #frames: Frame[] = []
  #output: Json | undefined

  string(text: string): number {
    const frame = this.#frames.at(-1)
    if (frame?.kind !== 'object') return this.scalar(text)
    if (frame.written.length >= frame.expected) return WriteResult.objectLength
    frame.written.push(text)
    return WriteResult.ok
  }

  scalar(value: Json): number {
    const refusal = this.#refusal()
    if (refusal === WriteResult.ok) this.#put(value)
    return refusal
  }

  beginObject(properties: number): number {
    return this.#begin({ kind: 'object', expected: properties * 2, written: [] })
  }

  beginArray(length: number): number {
    return this.#begin({ kind: 'array', expected: length, written: [] })
  }

  endObject(): number {
    const frame = this.#frames.at(-1)
    if (frame?.kind !== 'object') return WriteResult.notAnObject
    if (frame.written.length !== frame.expected) return WriteResult.objectLength
    this.#frames.pop()
    const entries: [string, Json][] = []
    for (let at = 0; at < frame.written.length; at += 2) {
      const name = frame.written[at]
      // Nothing but texts is taken where a name belongs.
      if (typeof name === 'string') entries.push([name, frame.written[at + 1] ?? null])
    }
    this.#put(Object.fromEntries(entries))
    return WriteResult.ok
  }

  endArray(): number {
    const frame = this.#frames.at(-1)
    if (frame?.kind !== 'array') return WriteResult.notAnArray
    if (frame.written.length !== frame.expected) return WriteResult.arrayLength
    this.#frames.pop()
    this.#put(frame.written)
    return WriteResult.ok
  }

  /** @throws {Error} when the output is not complete */
  finished(): Json {
    if (this.#output === undefined || this.#frames.length > 0) {
      throw new Error('it ended without a finished output')
    }
    return this.#output
  }

  #begin(frame: Frame): number {
    const refusal = this.#refusal()
    if (refusal === WriteResult.ok) this.#frames.push(frame)
    return refusal
  }

  /** Why a value that is no text may not come next. */
  #refusal(): number {
    const frame = this.#frames.at(-1)
    if (!frame) return this.#output === undefined ? WriteResult.ok : WriteResult.alreadyWritten
    if (frame.kind === 'array') {
      return frame.written.length < frame.expected ? WriteResult.ok : WriteResult.arrayLength
    }
    return frame.written.length % 2 === 1 ? WriteResult.ok : WriteResult.expectedKey
  }

  #put(value: Json): void {
    const frame = this.#frames.at(-1)
    if (frame) frame.written.push(value)
    else this.#output = value
  }
}
