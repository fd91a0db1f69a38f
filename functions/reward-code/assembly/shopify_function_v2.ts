/**
 * Shopify's Wasm API, version 2, as far as it is used here (github.com/Shopify/shopify-function-wasm-api). The compiler
 * takes the name of the imported module from the name of this file.
 *
 * A `Value` is a NaN-boxed 64-bit word; `input.ts` opens it. Writing functions answer 0, or why they could not write.
 */
type Value = u64

export declare function shopify_function_input_get(): Value
/** An object's property; null if there is none. `name` points to UTF-8. */
export declare function shopify_function_input_get_obj_prop(scope: Value, name: usize, length: usize): Value
export declare function shopify_function_input_get_at_index(scope: Value, index: u32): Value
/** Elements of an array, UTF-8 bytes of a string. Needed only where the box's own 14 bits do not suffice. */
export declare function shopify_function_input_get_val_len(scope: Value): usize
/** Copies `length` bytes of a string, named by the pointer in its box, to `out`. */
export declare function shopify_function_input_read_utf8_str(source: u32, out: usize, length: usize): void

export declare function shopify_function_output_new_i32(value: i32): i32
export declare function shopify_function_output_new_utf8_str(text: usize, length: usize): i32
/** Opens an object of so many properties; names and values follow in turn, each as a value of its own. */
export declare function shopify_function_output_new_object(properties: usize): i32
export declare function shopify_function_output_finish_object(): i32
export declare function shopify_function_output_new_array(length: usize): i32
export declare function shopify_function_output_finish_array(): i32
