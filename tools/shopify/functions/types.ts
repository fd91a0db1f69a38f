/**
 * What the stand-in's checkout and its discount Functions tell each other. Amounts are in minor units of the checkout's
 * own currency (the presentment currency); ids are Shopify gids, or the checkout's own ids where noted.
 */

/** A checkout as a Function sees it. */
export interface FunctionCart {
  /** The checkout's currency, ISO 4217. */
  readonly currency: string
  /** `presentmentCurrencyRate`: how many units of the checkout's currency one unit of the shop's currency is; "1.0". */
  readonly rate: string
  /** gid://shopify/Customer/…; null: not logged in. */
  readonly customerId: string | null
  readonly lines: readonly FunctionCartLine[]
  readonly deliveryGroups: readonly FunctionDeliveryGroup[]
}

export interface FunctionCartLine {
  /** The checkout's own id of the line. */
  readonly id: string
  /** gid://shopify/ProductVariant/… */
  readonly variantId: string
  /** gid://shopify/Product/… */
  readonly productId: string
  readonly quantity: number
  readonly unitPriceMinor: number
  /** What product discounts have taken off the line already; an order discount is spread over what is left. */
  readonly discountMinor: number
  readonly isGiftCard: boolean
  /** gid://shopify/Collection/… of the product. */
  readonly collectionIds: readonly string[]
}

/** Goods that travel together, and the ways they may travel. */
export interface FunctionDeliveryGroup {
  /** The checkout's own id of the group. */
  readonly id: string
  readonly options: readonly { readonly handle: string; readonly title: string; readonly costMinor: number }[]
}

/** A code discount that a Function works out: what `discountCodeAppCreate` made. */
export interface FunctionDiscount {
  /** Handle of the Function; one of `functionHandles()`. */
  readonly functionHandle: string
  readonly discountClasses: readonly DiscountClass[]
  /** As the app wrote them: the namespace is not resolved (`$app:loyalnest`), the value is the JSON text. */
  readonly metafields: readonly { readonly namespace: string; readonly key: string; readonly value: string }[]
}

export type DiscountClass = 'ORDER' | 'PRODUCT' | 'SHIPPING'

/** One discount that the checkout gives, in the form of an order's `discount_applications`. */
export interface DiscountApplication {
  readonly discountClass: DiscountClass
  readonly target: 'line_item' | 'shipping_line'
  readonly valueType: 'fixed_amount' | 'percentage'
  /** Decimal: the amount in the checkout's currency, or per cent. */
  readonly value: string
  readonly allocationMethod: 'across' | 'each'
  readonly targetSelection: 'all' | 'entitled' | 'explicit'
  readonly message: string | null
  /** Never more than the line has left; without lines that get nothing. */
  readonly lines: readonly { readonly lineId: string; readonly amountMinor: number }[]
  /** For each delivery option what it would cost less. */
  readonly deliveries: readonly { readonly groupId: string; readonly handle: string; readonly amountMinor: number }[]
}

/**
 * What a code does in this checkout. No applications: the Function gives nothing (not this customer's code, the minimum is
 * not reached, …), and the checkout refuses the code.
 */
export interface DiscountEffect {
  readonly applications: readonly DiscountApplication[]
}
