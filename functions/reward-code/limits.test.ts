import { readFileSync } from 'node:fs'
import path from 'node:path'
import binaryen from 'assemblyscript/binaryen'
import { describe, expect, it } from 'vitest'
import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  REWARD_FUNCTION_HANDLE,
} from '../../domain/rewards/function-config.ts'
import { functionModule } from '../../tools/build.ts'
import { compileFunction, runFunction } from '../../tools/functions/host.ts'
import { discountSchema, executeInputQuery } from '../../tools/functions/schema.ts'
import { inputRoot } from '../../tools/shopify/functions/input.ts'
import type { FunctionCart } from '../../tools/shopify/functions/types.ts'
import { amountsOf, cartOf, codeOf, configOf, line, redeem, rewardFunction, SELECTIONS, TEAS } from './samples.ts'

/** Shopify stops a Function after 11 million instructions, for carts of up to 200 lines. */

const TERMS = { type: 'amount_off', amount: '5', minimum: '40', collections: 1, share: 50 } as const

function cartOfLines(count: number): FunctionCart {
  const lines = Array.from({ length: count }, (_, n) => {
    const id = String(45_123_456_789_000 + n)
    return line(id, 1999 + n, { quantity: 3, collectionIds: n % 2 === 0 ? [TEAS] : [] })
  })
  return cartOf(lines)
}

describe('a cart of 200 lines', () => {
  it('is within the limits of input and output', () => {
    const applications = redeem(configOf(TERMS), cartOfLines(200))
    expect(Object.keys(amountsOf(applications))).toHaveLength(100)
  })

  it('costs few instructions', () => {
    const { branches, hostCalls } = workFor(cartOfLines(200))
    // There are 17 instructions between two branches on average; this leaves a margin of three.
    expect(branches).toBeLessThan(11_000_000 / 17 / 3)
    // What Shopify's side of a call costs counts too: some hundred instructions.
    expect(hostCalls).toBeLessThan(10_000)
  })

  it('costs no more than ten times what 20 lines cost', () => {
    expect(workFor(cartOfLines(200)).branches).toBeLessThan(workFor(cartOfLines(20)).branches * 10)
  })
})

/** Counts loop rounds, calls of functions and returns. */
function workFor(cart: FunctionCart): { readonly branches: number; readonly hostCalls: number } {
  const extension = rewardFunction()
  const [target] = extension.targets
  const discount = {
    functionHandle: REWARD_FUNCTION_HANDLE,
    discountClasses: ['ORDER'] as const,
    metafields: [
      { ...FUNCTION_METAFIELD, value: JSON.stringify(configOf(TERMS)) },
      { ...FUNCTION_INPUT_METAFIELD, value: JSON.stringify(SELECTIONS) },
    ],
  }
  const root = inputRoot(discount, codeOf(), cart)
  const input = executeInputQuery(discountSchema(extension.apiVersion), target?.inputQuery ?? '', root, SELECTIONS)
  let branches = 0
  const count = () => {
    branches += 1
  }
  const { hostCalls } = runFunction(instrumented(), target?.exportName ?? '', input, { log_execution: count })
  return { branches, hostCalls }
}

/** The Function with a call of `log_execution` wherever its control flow may turn. */
function instrumented(): WebAssembly.Module {
  const wasm = readFileSync(path.resolve(import.meta.dirname, '../..', functionModule('reward-code')))
  const module = binaryen.readBinary(wasm)
  module.setFeatures(binaryen.Features.All)
  module.runPasses(['log-execution'])
  const counting = module.emitBinary()
  module.dispose()
  return compileFunction(counting)
}
