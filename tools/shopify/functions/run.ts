import path from 'node:path'
import { loadExtensions, type FunctionExtension } from '../../functions/extension.ts'
import { runFunction } from '../../functions/host.ts'
import { checkOutput, discountSchema, executeInputQuery } from '../../functions/schema.ts'
import { applicationsOf } from './effect.ts'
import { inputRoot, inputVariables } from './input.ts'
import type { DiscountEffect, FunctionCart, FunctionDiscount } from './types.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')

let loaded: readonly FunctionExtension[] | undefined

/** Read and compiled once a process. */
function extensions(): readonly FunctionExtension[] {
  loaded ??= loadExtensions(ROOT)
  return loaded
}

/** The handles of the app's Functions: what `discountCodeAppCreate` may name as `functionHandle`. */
export function functionHandles(): readonly string[] {
  return extensions().map(({ handle }) => handle)
}

/**
 * Runs a discount's Function for both of its targets, as Shopify does when a shopper's code names the discount.
 * @param code the triggering code, as the shop has it
 * @throws {Error} when the app has no such Function, it traps or it answers what the schema does not allow
 */
export function runDiscountFunction(discount: FunctionDiscount, code: string, cart: FunctionCart): DiscountEffect {
  const extension = extensions().find(({ handle }) => handle === discount.functionHandle)
  if (!extension) throw new Error(`The app has no Function ${discount.functionHandle}.`)
  const schema = discountSchema(extension.apiVersion)
  const root = inputRoot(discount, code, cart)
  const variables = inputVariables(discount, extension.variables)
  return {
    applications: extension.targets.flatMap(({ target, inputQuery, exportName }) => {
      const input = executeInputQuery(schema, inputQuery, root, variables)
      const { output } = runFunction(extension.module, exportName, input)
      checkOutput(schema, target, output)
      return applicationsOf(output, cart)
    }),
  }
}
