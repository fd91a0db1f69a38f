import { z } from 'zod'
import { DISCOUNT_CLASSES, type Discount, type Metafield, type UserError } from '../discounts/discount.ts'
import { MAX_CODE_LENGTH } from '../discounts/discounts.ts'
import { functionHandles } from '../functions/run.ts'

/** `DiscountCodeAppInput`: what Shopify takes, and what it says against the rest. */

const MetafieldInput = z.object({
  namespace: z.string().nullish(),
  key: z.string().nullish(),
  type: z.string().nullish(),
  value: z.string().nullish(),
})

/** As graphql-js hands it over: its types are checked, its meaning is not. */
export const DiscountInput = z.object({
  title: z.string().nullish(),
  code: z.string().nullish(),
  functionHandle: z.string().nullish(),
  functionId: z.string().nullish(),
  startsAt: z.string().nullish(),
  endsAt: z.string().nullish(),
  usageLimit: z.int().nullish(),
  appliesOncePerCustomer: z.boolean().nullish(),
  appliesOnOneTimePurchase: z.boolean().nullish(),
  appliesOnSubscription: z.boolean().nullish(),
  combinesWith: z
    .object({ orderDiscounts: z.boolean(), productDiscounts: z.boolean(), shippingDiscounts: z.boolean() })
    .nullish(),
  discountClasses: z.array(z.enum(DISCOUNT_CLASSES)).nullish(),
  metafields: z.array(MetafieldInput).nullish(),
  tags: z.array(z.string()).nullish(),
})
export type DiscountInput = z.infer<typeof DiscountInput>

const NO_COMBINATIONS = { orderDiscounts: false, productDiscounts: false, shippingDiscounts: false }

function problem(field: readonly string[], code: string, message: string): UserError {
  return { field: ['codeAppDiscount', ...field], code, message }
}

/** The discount that the input makes of `before` (undefined: a new one), without judging it. */
export function applyInput(
  input: DiscountInput,
  before: Discount | undefined,
  shop: string,
  nextId: () => string,
): Omit<Discount, 'id'> {
  const now = new Date().toISOString()
  return {
    shop,
    title: input.title ?? before?.title ?? '',
    functionHandle: input.functionHandle ?? before?.functionHandle ?? '',
    classes: input.discountClasses ?? before?.classes ?? [],
    combinesWith: input.combinesWith ?? before?.combinesWith ?? NO_COMBINATIONS,
    appliesOncePerCustomer: input.appliesOncePerCustomer ?? before?.appliesOncePerCustomer ?? false,
    usageLimit: input.usageLimit === undefined ? (before?.usageLimit ?? null) : input.usageLimit,
    startsAt: input.startsAt ?? before?.startsAt ?? '',
    endsAt: input.endsAt === undefined ? (before?.endsAt ?? null) : input.endsAt,
    tags: input.tags ?? before?.tags ?? [],
    metafields: mergeMetafields(input, before?.metafields ?? [], nextId, now),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  }
}

/** By namespace and key: those that are there get the new value. */
function mergeMetafields(
  { metafields }: DiscountInput,
  before: readonly Metafield[],
  nextId: () => string,
  now: string,
): Metafield[] {
  const merged = new Map(before.map((one) => [`${one.namespace}/${one.key}`, one]))
  for (const { namespace, key, type, value } of metafields ?? []) {
    const name = `${namespace ?? '$app'}/${key ?? ''}`
    const old = merged.get(name)
    merged.set(name, {
      id: old?.id ?? nextId(),
      namespace: namespace ?? '$app',
      key: key ?? '',
      type: type ?? old?.type ?? '',
      value: value ?? '',
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
    })
  }
  return [...merged.values()]
}

/** What Shopify says against the discount as it would be. */
export function problemsOf(input: DiscountInput, discount: Omit<Discount, 'id'>): UserError[] {
  return [
    ...titleProblems(discount),
    ...functionProblems(input, discount),
    ...dateProblems(discount),
    ...combinationProblems(discount),
    ...limitProblems(input),
    ...metafieldProblems(input),
  ]
}

function titleProblems({ title }: Omit<Discount, 'id'>): UserError[] {
  if (title.trim() === '') return [problem(['title'], 'BLANK', "Title can't be blank")]
  if (title.length > MAX_CODE_LENGTH) {
    return [problem(['title'], 'TOO_LONG', `Title is too long (maximum is ${MAX_CODE_LENGTH} characters)`)]
  }
  return []
}

function functionProblems({ functionHandle, functionId }: DiscountInput, discount: Omit<Discount, 'id'>): UserError[] {
  if (functionHandle && functionId) {
    const message = 'Only one of function ID or function handle is allowed.'
    return [problem(['functionHandle'], 'MULTIPLE_FUNCTION_IDENTIFIERS', message)]
  }
  if (discount.functionHandle === '') {
    const message = 'Either function ID or function handle must be provided.'
    return [problem(['functionHandle'], 'MISSING_FUNCTION_IDENTIFIER', message)]
  }
  if (functionHandles().includes(discount.functionHandle)) return []
  const message = `Function ${discount.functionHandle} not found. Ensure that it is released in the current app, and that the app is installed.`
  return [problem(['functionHandle'], 'INVALID', message)]
}

function dateProblems({ startsAt, endsAt }: Omit<Discount, 'id'>): UserError[] {
  if (startsAt === '') return [problem(['startsAt'], 'BLANK', "Starts at can't be blank")]
  if (endsAt === null || Date.parse(endsAt) > Date.parse(startsAt)) return []
  return [problem(['endsAt'], 'END_DATE_BEFORE_START_DATE', 'Ends at needs to be after starts_at')]
}

function combinationProblems({ classes, combinesWith }: Omit<Discount, 'id'>): UserError[] {
  // Shopify: shipping discounts never combine with other shipping discounts.
  if (!classes.includes('SHIPPING') || !combinesWith.shippingDiscounts) return []
  const message = 'The combinesWith settings are not valid for the discount class.'
  return [problem(['combinesWith'], 'INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS', message)]
}

function limitProblems(input: DiscountInput): UserError[] {
  const problems: UserError[] = []
  if (typeof input.usageLimit === 'number' && input.usageLimit < 1) {
    problems.push(problem(['usageLimit'], 'GREATER_THAN', 'Usage limit must be greater than 0'))
  }
  if (input.appliesOnOneTimePurchase === false && input.appliesOnSubscription === false) {
    const message = 'A discount cannot have both appliesOnOneTimePurchase and appliesOnSubscription set to false.'
    problems.push(problem(['appliesOnOneTimePurchase'], 'APPLIES_ON_NOTHING', message))
  }
  return problems
}

function metafieldProblems({ metafields }: DiscountInput): UserError[] {
  return (metafields ?? []).flatMap(({ key, type, value }, index) => {
    const at = (name: string) => ['metafields', String(index), name]
    if (!key || !/^[A-Za-z0-9_-]{2,64}$/.test(key)) return [problem(at('key'), 'INVALID', 'Key is invalid')]
    if (!type) return [problem(at('type'), 'BLANK', "Type can't be blank")]
    if (!value) return [problem(at('value'), 'BLANK', 'Value may not be empty')]
    if (type === 'json' && !isJson(value)) {
      return [problem(at('value'), 'INVALID', `Value is invalid JSON: ${value.slice(0, 40)}`)]
    }
    return []
  })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
