import type { DiscountEffect, FunctionCart, FunctionDiscount } from './types.ts'

/** The handles of the app's Functions: what `discountCodeAppCreate` may name as `functionHandle`. */
export function functionHandles(): readonly string[] {
  return ['loyalnest-reward-code']
}

/**
 * Runs a discount's Function for both of its targets, as Shopify does when a shopper's code names the discount.
 * @param code the triggering code, as the shop has it
 * @throws {Error} when the Function traps or answers what the schema does not allow: a bug of the Function
 */
export function runDiscountFunction(_discount: FunctionDiscount, _code: string, _cart: FunctionCart): DiscountEffect {
  throw new Error('not built yet')
}
