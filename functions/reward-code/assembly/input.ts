import {
  shopify_function_input_get,
  shopify_function_input_get_at_index,
  shopify_function_input_get_obj_prop,
  shopify_function_input_get_val_len,
  shopify_function_input_read_utf8_str,
} from './shopify_function_v2'

/**
 * Reading the input. A value that is missing or of another type reads as nothing (an empty text, an empty list, false),
 * so that whatever is odd ends in no discount instead of a trap.
 *
 * A box: a number is a plain f64; anything else a NaN with bits 62 to 50 set, the type in bits 49 to 46, a length in
 * bits 45 to 32 (all ones: longer than that) and a pointer or the value itself in the lowest 32.
 */
export type Value = u64

const BOXED: u64 = 0x7ffc_0000_0000_0000
const BOOL: u32 = 1
const STRING: u32 = 3
const ARRAY: u32 = 5
const LENGTH_BITS: u32 = 0x3fff

/** Where a property's name is put for the call that asks for it. All names here are ASCII and shorter. */
const NAME: usize = memory.data(64)

export function input(): Value {
  return shopify_function_input_get()
}

export function property(scope: Value, name: string): Value {
  const length = name.length
  for (let i = 0; i < length; i++) store<u8>(NAME + i, name.charCodeAt(i))
  return shopify_function_input_get_obj_prop(scope, NAME, length)
}

export function element(list: Value, index: i32): Value {
  return shopify_function_input_get_at_index(list, index)
}

/** How many elements a list has; 0 if it is none. */
export function size(list: Value): i32 {
  return type(list) == ARRAY ? <i32>measure(list) : 0
}

/** The texts of a list. */
export function texts(list: Value): Array<string> {
  const all = new Array<string>()
  for (let i = 0, n = size(list); i < n; i++) all.push(text(element(list, i)))
  return all
}

export function isString(value: Value): bool {
  return type(value) == STRING
}

/** A text; empty if it is none. */
export function text(value: Value): string {
  if (type(value) != STRING) return ''
  const length = measure(value)
  const bytes = heap.alloc(length)
  shopify_function_input_read_utf8_str(<u32>value, bytes, length)
  return String.UTF8.decodeUnsafe(bytes, length)
}

export function truth(value: Value): bool {
  return type(value) == BOOL && <u32>value != 0
}

/** A whole number from 0 to 2^31 - 1; -1 if it is none. */
export function whole(value: Value): i32 {
  if ((value & BOXED) == BOXED) return -1
  const number = reinterpret<f64>(value)
  return number >= 0 && number <= <f64>i32.MAX_VALUE && Math.floor(number) == number ? <i32>number : -1
}

function type(value: Value): u32 {
  return (value & BOXED) == BOXED ? <u32>(value >> 46) & 15 : u32.MAX_VALUE
}

function measure(value: Value): usize {
  const length = <u32>(value >> 32) & LENGTH_BITS
  return length == LENGTH_BITS ? shopify_function_input_get_val_len(value) : length
}
