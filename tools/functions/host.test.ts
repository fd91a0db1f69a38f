import binaryen from 'assemblyscript/binaryen'
import { describe, expect, it } from 'vitest'
import { compileFunction, FunctionError, runFunction, type Json } from './host.ts'

/** A Function in Wasm text; `body` is its one export, `run`. */
function functionOf(body: string, data = ''): WebAssembly.Module {
  const module = binaryen.parseText(`(module
    (import "shopify_function_v2" "shopify_function_input_get" (func $input (result i64)))
    (import "shopify_function_v2" "shopify_function_input_get_obj_prop" (func $prop (param i64 i32 i32) (result i64)))
    (import "shopify_function_v2" "shopify_function_input_get_at_index" (func $at (param i64 i32) (result i64)))
    (import "shopify_function_v2" "shopify_function_input_get_obj_key_at_index" (func $key (param i64 i32) (result i64)))
    (import "shopify_function_v2" "shopify_function_input_get_val_len" (func $len (param i64) (result i32)))
    (import "shopify_function_v2" "shopify_function_input_read_utf8_str" (func $read (param i32 i32 i32)))
    (import "shopify_function_v2" "shopify_function_intern_utf8_str" (func $intern (param i32 i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_input_get_interned_obj_prop"
      (func $interned_prop (param i64 i32) (result i64)))
    (import "shopify_function_v2" "shopify_function_log_new_utf8_str" (func $log (param i32 i32)))
    (import "shopify_function_v2" "shopify_function_output_new_bool" (func $bool (param i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_null" (func $null (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_i32" (func $i32 (param i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_f64" (func $f64 (param f64) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_utf8_str" (func $str (param i32 i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_object" (func $object (param i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_finish_object" (func $end_object (result i32)))
    (import "shopify_function_v2" "shopify_function_output_new_array" (func $array (param i32) (result i32)))
    (import "shopify_function_v2" "shopify_function_output_finish_array" (func $end_array (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "${data}")
    (func (export "run") ${body}))`)
  module.setFeatures(binaryen.Features.All)
  const wasm = module.emitBinary()
  module.dispose()
  return compileFunction(wasm)
}

function outputOf(body: string, input: Json = null, data = ''): Json {
  return runFunction(functionOf(body, data), 'run', input).output
}

/** The box of error 0: the sign bit clear, all bits of a quiet NaN and of the tag 15 set. */
const BOXED_ERROR = 0x7fff_c000_0000_0000n

describe('reading', () => {
  it('gives numbers as they are, and texts by a pointer and their length in bytes', () => {
    // Property "a" of the input, plus one.
    const sum =
      '(drop (call $f64 (f64.add (f64.const 1) (f64.reinterpret_i64 (call $prop (call $input) (i32.const 0) (i32.const 1))))))'
    expect(outputOf(sum, { a: 41.5 }, 'a')).toBe(42.5)

    const echo = `(local $text i64) (local $length i32)
      (local.set $text (call $prop (call $input) (i32.const 0) (i32.const 1)))
      (local.set $length (i32.and (i32.wrap_i64 (i64.shr_u (local.get $text) (i64.const 32))) (i32.const 0x3fff)))
      (call $read (i32.wrap_i64 (local.get $text)) (i32.const 64) (local.get $length))
      (drop (call $str (i32.const 64) (local.get $length)))`
    expect(outputOf(echo, { a: 'grün 日本' }, 'a')).toBe('grün 日本')
  })

  it('tells the length of what is too long for a box', () => {
    const length = '(drop (call $i32 (call $len (call $input))))'
    expect(outputOf(length, 'é'.repeat(20_000))).toBe(40_000)
    expect(outputOf(length, [1, 2, 3])).toBe(3)
    expect(outputOf(length, { a: 1, b: 2 })).toBe(2)
    expect(outputOf(length, true)).toBe(-1)
  })

  it('finds properties by interned names, elements and keys by their place', () => {
    const interned =
      '(drop (call $f64 (f64.reinterpret_i64 (call $interned_prop (call $input) (call $intern (i32.const 0) (i32.const 1))))))'
    expect(outputOf(interned, { a: 7 }, 'a')).toBe(7)
    const second = '(drop (call $f64 (f64.reinterpret_i64 (call $at (call $input) (i32.const 1)))))'
    expect(outputOf(second, [3, 5])).toBe(5)
    expect(outputOf(second, { a: 3, b: 5 })).toBe(5)
    const key = '(drop (call $i32 (call $len (call $key (call $input) (i32.const 1)))))'
    expect(outputOf(key, { a: 3, longer: 5 })).toBe(6)
  })

  it.each([
    { read: '(call $prop (call $input) (i32.const 0) (i32.const 1))', input: [1], code: 1n },
    { read: '(call $at (call $input) (i32.const 9))', input: [1], code: 5n },
    { read: '(call $at (call $input) (i32.const 0))', input: 'text', code: 6n },
    { read: '(call $key (call $input) (i32.const 0))', input: [1], code: 1n },
  ])('answers error $code to $read of $input', ({ read, input, code }) => {
    const output = outputOf(`(drop (call $bool (i64.eq (i64.const ${BOXED_ERROR | code}) ${read})))`, input, 'a')
    expect(output).toBe(true)
  })

  it('answers null for a property that is not there', () => {
    const isNull =
      '(drop (call $bool (i64.eq (i64.const 0x7ffc000000000000) (call $prop (call $input) (i32.const 0) (i32.const 1)))))'
    expect(outputOf(isNull, { b: 1 }, 'a')).toBe(true)
    expect(outputOf(isNull, { toString: 1 }, 'a')).toBe(true)
  })
})

describe('writing', () => {
  it('puts objects and lists together', () => {
    const body = `
      (drop (call $object (i32.const 2)))
      (drop (call $str (i32.const 0) (i32.const 1))) (drop (call $array (i32.const 2)))
      (drop (call $i32 (i32.const -1))) (drop (call $null)) (drop (call $end_array))
      (drop (call $str (i32.const 1) (i32.const 1))) (drop (call $bool (i32.const 1)))
      (drop (call $end_object))`
    expect(outputOf(body, null, 'ab')).toEqual({ a: [-1, null], b: true })
  })

  // Each body ends with a write that must be refused, whose result becomes the output's own value.
  it.each([
    { wrong: 'a value where a name belongs', result: 2, body: '(call $null)', open: '(call $object (i32.const 1))' },
    {
      wrong: 'an object with too few properties',
      result: 3,
      body: '(call $end_object)',
      open: '(call $object (i32.const 1))',
    },
    { wrong: 'an end of another kind', result: 5, body: '(call $end_object)', open: '(call $array (i32.const 1))' },
    {
      wrong: 'a list with too few elements',
      result: 7,
      body: '(call $end_array)',
      open: '(call $array (i32.const 1))',
    },
    { wrong: 'one element too many', result: 7, body: '(call $null)', open: '(call $array (i32.const 0))' },
    { wrong: 'an end of another kind', result: 8, body: '(call $end_array)', open: '(call $object (i32.const 1))' },
    { wrong: 'a second output', result: 4, body: '(call $null)', open: '(call $null)' },
  ])('refuses $wrong with $result', ({ result, body, open }) => {
    const module = functionOf(`(drop ${open}) (call $log (i32.const 0) ${body})`, 'xxxxxxxxx')
    // Unfinished outputs are an error of their own; the log tells the result by its length.
    expect(logOf(module)).toHaveLength(result)
  })

  it('takes no output that is not finished, and none at all', () => {
    expect(() => outputOf('(drop (call $array (i32.const 1)))')).toThrow(FunctionError)
    expect(() => outputOf('(nop)')).toThrow(FunctionError)
  })
})

/** What a Function logged before it failed. */
function logOf(module: WebAssembly.Module): string {
  try {
    return runFunction(module, 'run', null).logs
  } catch (error) {
    return error instanceof FunctionError ? error.logs : String(error)
  }
}

it('says what a Function did wrong', () => {
  expect(() => outputOf('(unreachable)')).toThrow(/run failed: .*unreachable/)
  expect(() => runFunction(functionOf('(nop)'), 'walk', null)).toThrow(/exports no walk/)
})
