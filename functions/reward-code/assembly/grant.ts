import { verify } from './code'
import { Value, isString, property, text, texts, whole } from './input'
import { Currency } from './money'

/** What the entered code is worth to this cart's customer, before it is known which goods count. */
export class Grant {
  constructor(
    /** The terms that the code was issued with (`FunctionTerms`). */
    public readonly terms: Value,
    /** How many steps of the terms' amount the code is worth. */
    public readonly steps: u32,
    /** Shown beside the discount. */
    public readonly title: string,
    public readonly currency: Currency,
  ) {}

  /** Whether it is of this type. */
  is(type: string): bool {
    return text(property(this.terms, 'type')) == type
  }
}

/** Null: this code gives this customer nothing. */
export function grantOf(input: Value): Grant | null {
  const config = property(property(property(input, 'discount'), 'metafield'), 'jsonValue')
  if (whole(property(config, 'v')) != 1) return null
  const cart = property(input, 'cart')
  const customer = text(property(property(property(cart, 'buyerIdentity'), 'customer'), 'id'))
  const code = verify(text(property(input, 'triggeringDiscountCode')), customer, config)
  if (code === null) return null
  const terms = property(property(config, 'terms'), code.termsNumber.toString())
  if (!isString(property(terms, 'type'))) return null
  const subtotal = property(property(cart, 'cost'), 'subtotalAmount')
  const currency = Currency.of(
    text(property(subtotal, 'currencyCode')),
    text(property(input, 'presentmentCurrencyRate')),
  )
  return currency === null ? null : new Grant(terms, code.steps, text(property(config, 'title')), currency)
}

/** Shopify asks that a Function gives only discounts of the classes that its discount has. */
export function mayGive(input: Value, discountClass: string): bool {
  return texts(property(property(input, 'discount'), 'discountClasses')).includes(discountClass)
}
