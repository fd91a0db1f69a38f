import {
  shopify_function_output_finish_array,
  shopify_function_output_finish_object,
  shopify_function_output_new_array,
  shopify_function_output_new_i32,
  shopify_function_output_new_object,
  shopify_function_output_new_utf8_str,
} from './shopify_function_v2'

/** Writing the output. Only this Function's own mistake could make a write fail, and then nothing must come of it. */

export function beginObject(properties: i32): void {
  check(shopify_function_output_new_object(properties))
}

export function endObject(): void {
  check(shopify_function_output_finish_object())
}

export function beginList(length: i32): void {
  check(shopify_function_output_new_array(length))
}

export function endList(): void {
  check(shopify_function_output_finish_array())
}

/** A text, or the name of the property whose value comes next. */
export function write(text: string): void {
  const bytes = String.UTF8.encode(text)
  check(shopify_function_output_new_utf8_str(changetype<usize>(bytes), bytes.byteLength))
}

export function writeWhole(value: i32): void {
  check(shopify_function_output_new_i32(value))
}

/** An object of one property, to be closed after its value. */
export function beginOnly(name: string): void {
  beginObject(1)
  write(name)
}

function check(result: i32): void {
  if (result != 0) unreachable()
}
