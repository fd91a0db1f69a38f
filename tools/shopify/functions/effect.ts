import { z } from 'zod'
import { toMinor } from '../../../domain/contracts/money.ts'
import type { Json } from '../../functions/host.ts'
import { allocate, percentOf } from './allocation.ts'
import type { DiscountApplication, FunctionCart, FunctionCartLine } from './types.ts'

/**
 * What a checkout makes of a Function's operations. It takes one candidate an operation, which is what our Functions give;
 * anything else is refused instead of guessed.
 */
const Decimal = z.string().regex(/^\d+(\.\d+)?$/)
const Percentage = z.strictObject({
  percentage: z.strictObject({ value: Decimal.transform(Number).pipe(z.int().max(100)) }),
})
const FixedAmount = z.strictObject({ fixedAmount: z.strictObject({ amount: Decimal }) })
const Value = z.union([Percentage, FixedAmount])
type Value = z.infer<typeof Value>

function operation<Targets extends z.ZodType>(targets: Targets) {
  const candidate = z.strictObject({ message: z.string().optional(), targets, value: Value })
  return z.strictObject({ selectionStrategy: z.string(), candidates: z.tuple([candidate]) })
}

const OrderTargets = z.tuple([
  z.strictObject({ orderSubtotal: z.strictObject({ excludedCartLineIds: z.array(z.string()) }) }),
])
const ProductTargets = z.array(
  z.strictObject({ cartLine: z.strictObject({ id: z.string(), quantity: z.int().min(1).optional() }) }),
)
const DeliveryTargets = z.array(z.strictObject({ deliveryGroup: z.strictObject({ id: z.string() }) }))

const Operation = z.union([
  z.strictObject({ orderDiscountsAdd: operation(OrderTargets) }),
  z.strictObject({ productDiscountsAdd: operation(ProductTargets) }),
  z.strictObject({ deliveryDiscountsAdd: operation(DeliveryTargets) }),
])
const Output = z.strictObject({ operations: z.array(Operation) })

/** The discounts that an output means for this cart; those that come to nothing are left out. */
export function applicationsOf(output: Json, cart: FunctionCart): readonly DiscountApplication[] {
  return Output.parse(output)
    .operations.map((entry) => {
      if ('orderDiscountsAdd' in entry) return orderDiscount(entry.orderDiscountsAdd.candidates[0], cart)
      if ('productDiscountsAdd' in entry) return productDiscount(entry.productDiscountsAdd.candidates[0], cart)
      return deliveryDiscount(entry.deliveryDiscountsAdd.candidates[0], cart)
    })
    .filter(({ lines, deliveries }) => lines.length > 0 || deliveries.length > 0)
}

interface Candidate<Targets extends z.ZodType> {
  readonly message?: string | undefined
  readonly targets: z.infer<Targets>
  readonly value: Value
}

function orderDiscount(candidate: Candidate<typeof OrderTargets>, cart: FunctionCart): DiscountApplication {
  const [{ orderSubtotal }] = candidate.targets
  const excluded = new Set(orderSubtotal.excludedCartLineIds)
  const lines = cart.lines.filter(({ id }) => !excluded.has(id))
  const left = lines.map(leftOf)
  const totalMinor = reduction(
    candidate.value,
    left.reduce((sum, minor) => sum + minor, 0),
    cart.currency,
  )
  const amounts = allocate(totalMinor, left)
  return {
    ...describe(candidate),
    discountClass: 'ORDER',
    target: 'line_item',
    allocationMethod: 'across',
    targetSelection: excluded.size === 0 ? 'all' : 'entitled',
    lines: given(lines.map(({ id }, index) => ({ lineId: id, amountMinor: amounts[index] ?? 0 }))),
    deliveries: [],
  }
}

function productDiscount(candidate: Candidate<typeof ProductTargets>, cart: FunctionCart): DiscountApplication {
  const lines = candidate.targets.map(({ cartLine }) => {
    const line = cart.lines.find(({ id }) => id === cartLine.id)
    if (!line) throw new Error(`The Function named a line ${cartLine.id}, which the cart does not have.`)
    const pieces = Math.min(cartLine.quantity ?? line.quantity, line.quantity)
    const wanted = reduction(candidate.value, line.unitPriceMinor * pieces, cart.currency)
    return { lineId: line.id, amountMinor: Math.min(wanted, leftOf(line)) }
  })
  return {
    ...describe(candidate),
    discountClass: 'PRODUCT',
    target: 'line_item',
    allocationMethod: 'each',
    targetSelection: 'entitled',
    lines: given(lines),
    deliveries: [],
  }
}

function deliveryDiscount(candidate: Candidate<typeof DeliveryTargets>, cart: FunctionCart): DiscountApplication {
  const wanted = new Set(candidate.targets.map(({ deliveryGroup }) => deliveryGroup.id))
  const groups = cart.deliveryGroups.filter(({ id }) => wanted.has(id))
  if (groups.length !== wanted.size) throw new Error('The Function named a delivery group that the cart does not have.')
  const deliveries = groups.flatMap(({ id, options }) =>
    options.map(({ handle, costMinor }) => ({
      groupId: id,
      handle,
      amountMinor: reduction(candidate.value, costMinor, cart.currency),
    })),
  )
  return {
    ...describe(candidate),
    discountClass: 'SHIPPING',
    target: 'shipping_line',
    allocationMethod: 'each',
    targetSelection: groups.length === cart.deliveryGroups.length ? 'all' : 'entitled',
    lines: [],
    deliveries: given(deliveries),
  }
}

function describe({ message, value }: { readonly message?: string | undefined; readonly value: Value }) {
  return 'percentage' in value
    ? { message: message ?? null, valueType: 'percentage' as const, value: String(value.percentage.value) }
    : { message: message ?? null, valueType: 'fixed_amount' as const, value: value.fixedAmount.amount }
}

/** What comes off a price, never more than the price. */
function reduction(value: Value, priceMinor: number, currency: string): number {
  if ('percentage' in value) return percentOf(priceMinor, value.percentage.value)
  return Math.min(toMinor(value.fixedAmount.amount, currency) ?? priceMinor, priceMinor)
}

function leftOf(line: FunctionCartLine): number {
  return line.unitPriceMinor * line.quantity - line.discountMinor
}

function given<Part extends { readonly amountMinor: number }>(parts: readonly Part[]): readonly Part[] {
  return parts.filter(({ amountMinor }) => amountMinor > 0)
}
