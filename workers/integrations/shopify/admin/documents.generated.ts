// Written by `npm run graphql`; a test compares it with the documents.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type BulkOperationErrorCode =
  | 'ACCESS_DENIED'
  | 'INTERNAL_SERVER_ERROR'
  | 'TIMEOUT';

export type BulkOperationStatus =
  | 'CANCELED'
  | 'CANCELING'
  | 'COMPLETED'
  | 'CREATED'
  | 'EXPIRED'
  | 'FAILED'
  | 'RUNNING';

export type BulkOperationUserErrorCode =
  | 'INVALID'
  | 'LIMIT_REACHED'
  | 'OPERATION_IN_PROGRESS';

export type CurrencyCode =
  | 'AED'
  | 'AFN'
  | 'ALL'
  | 'AMD'
  | 'ANG'
  | 'AOA'
  | 'ARS'
  | 'AUD'
  | 'AWG'
  | 'AZN'
  | 'BAM'
  | 'BBD'
  | 'BDT'
  | 'BGN'
  | 'BHD'
  | 'BIF'
  | 'BMD'
  | 'BND'
  | 'BOB'
  | 'BRL'
  | 'BSD'
  | 'BTN'
  | 'BWP'
  | 'BYN'
  | 'BYR'
  | 'BZD'
  | 'CAD'
  | 'CDF'
  | 'CHF'
  | 'CLP'
  | 'CNY'
  | 'COP'
  | 'CRC'
  | 'CVE'
  | 'CZK'
  | 'DJF'
  | 'DKK'
  | 'DOP'
  | 'DZD'
  | 'EGP'
  | 'ERN'
  | 'ETB'
  | 'EUR'
  | 'FJD'
  | 'FKP'
  | 'GBP'
  | 'GEL'
  | 'GHS'
  | 'GIP'
  | 'GMD'
  | 'GNF'
  | 'GTQ'
  | 'GYD'
  | 'HKD'
  | 'HNL'
  | 'HRK'
  | 'HTG'
  | 'HUF'
  | 'IDR'
  | 'ILS'
  | 'INR'
  | 'IQD'
  | 'IRR'
  | 'ISK'
  | 'JEP'
  | 'JMD'
  | 'JOD'
  | 'JPY'
  | 'KES'
  | 'KGS'
  | 'KHR'
  | 'KID'
  | 'KMF'
  | 'KRW'
  | 'KWD'
  | 'KYD'
  | 'KZT'
  | 'LAK'
  | 'LBP'
  | 'LKR'
  | 'LRD'
  | 'LSL'
  | 'LTL'
  | 'LVL'
  | 'LYD'
  | 'MAD'
  | 'MDL'
  | 'MGA'
  | 'MKD'
  | 'MMK'
  | 'MNT'
  | 'MOP'
  | 'MRU'
  | 'MUR'
  | 'MVR'
  | 'MWK'
  | 'MXN'
  | 'MYR'
  | 'MZN'
  | 'NAD'
  | 'NGN'
  | 'NIO'
  | 'NOK'
  | 'NPR'
  | 'NZD'
  | 'OMR'
  | 'PAB'
  | 'PEN'
  | 'PGK'
  | 'PHP'
  | 'PKR'
  | 'PLN'
  | 'PYG'
  | 'QAR'
  | 'RON'
  | 'RSD'
  | 'RUB'
  | 'RWF'
  | 'SAR'
  | 'SBD'
  | 'SCR'
  | 'SDG'
  | 'SEK'
  | 'SGD'
  | 'SHP'
  | 'SLL'
  | 'SOS'
  | 'SRD'
  | 'SSP'
  | 'STD'
  | 'STN'
  | 'SYP'
  | 'SZL'
  | 'THB'
  | 'TJS'
  | 'TMT'
  | 'TND'
  | 'TOP'
  | 'TRY'
  | 'TTD'
  | 'TWD'
  | 'TZS'
  | 'UAH'
  | 'UGX'
  | 'USD'
  | 'USDC'
  | 'UYU'
  | 'UZS'
  | 'VED'
  | 'VEF'
  | 'VES'
  | 'VND'
  | 'VUV'
  | 'WST'
  | 'XAF'
  | 'XCD'
  | 'XOF'
  | 'XPF'
  | 'XXX'
  | 'YER'
  | 'ZAR'
  | 'ZMW';

export type DiscountBuyerSelection =
  | 'ALL';

export type DiscountClass =
  | 'ORDER'
  | 'PRODUCT'
  | 'SHIPPING';

export type DiscountCodeAppInput = {
  readonly appliesOnOneTimePurchase?: boolean | null | undefined;
  readonly appliesOnSubscription?: boolean | null | undefined;
  readonly appliesOncePerCustomer?: boolean | null | undefined;
  readonly code?: string | null | undefined;
  readonly combinesWith?: DiscountCombinesWithInput | null | undefined;
  readonly context?: DiscountContextInput | null | undefined;
  /** @deprecated Use `context` instead. */
  readonly customerSelection?: DiscountCustomerSelectionInput | null | undefined;
  readonly discountClasses?: ReadonlyArray<DiscountClass> | null | undefined;
  readonly endsAt?: string | null | undefined;
  readonly functionHandle?: string | null | undefined;
  /** @deprecated Use `functionHandle` instead. */
  readonly functionId?: string | null | undefined;
  readonly metafields?: ReadonlyArray<MetafieldInput> | null | undefined;
  readonly recurringCycleLimit?: number | null | undefined;
  readonly startsAt?: string | null | undefined;
  readonly tags?: ReadonlyArray<string> | null | undefined;
  readonly title?: string | null | undefined;
  readonly usageLimit?: number | null | undefined;
};

export type DiscountCombinesWithInput = {
  readonly orderDiscounts?: boolean | null | undefined;
  readonly productDiscounts?: boolean | null | undefined;
  readonly productDiscountsWithTagsOnSameCartLine?: ProductDiscountsWithTagsOnSameCartLineInput | null | undefined;
  readonly shippingDiscounts?: boolean | null | undefined;
};

export type DiscountContextInput =
  {   readonly all: DiscountBuyerSelection; readonly customerSegments?: never; readonly customers?: never; readonly markets?: never; }
  |  { readonly all?: never;   readonly customerSegments: DiscountCustomerSegmentsInput; readonly customers?: never; readonly markets?: never; }
  |  { readonly all?: never; readonly customerSegments?: never;   readonly customers: DiscountCustomersInput; readonly markets?: never; }
  |  { readonly all?: never; readonly customerSegments?: never; readonly customers?: never;   readonly markets: DiscountMarketsInput; };

export type DiscountCustomerSegmentsInput = {
  readonly add?: ReadonlyArray<string> | null | undefined;
  readonly remove?: ReadonlyArray<string> | null | undefined;
};

export type DiscountCustomerSelectionInput = {
  readonly all?: boolean | null | undefined;
  readonly customerSegments?: DiscountCustomerSegmentsInput | null | undefined;
  readonly customers?: DiscountCustomersInput | null | undefined;
};

export type DiscountCustomersInput = {
  readonly add?: ReadonlyArray<string> | null | undefined;
  readonly remove?: ReadonlyArray<string> | null | undefined;
};

export type DiscountErrorCode =
  | 'ACTIVE_PERIOD_OVERLAP'
  | 'APPLIES_ON_NOTHING'
  | 'BLANK'
  | 'CONFLICT'
  | 'DISCOUNT_NOT_COMPATIBLE_WITH_CONDITION_TYPES'
  | 'DUPLICATE'
  | 'END_DATE_BEFORE_START_DATE'
  | 'EQUAL_TO'
  | 'EXCEEDED_MAX'
  | 'GREATER_THAN'
  | 'GREATER_THAN_OR_EQUAL_TO'
  | 'IMPLICIT_DUPLICATE'
  | 'INCLUSION'
  | 'INTERNAL_ERROR'
  | 'INVALID'
  | 'INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS'
  | 'INVALID_DISCOUNT_CLASS_FOR_PRICE_RULE'
  | 'INVALID_PRODUCT_DISCOUNTS_FALSE_WITH_EXISTING_TAGS_ON_SAME_CART_LINE'
  | 'INVALID_PRODUCT_DISCOUNTS_WITH_TAGS_ON_SAME_CART_LINE_FOR_DISCOUNT_CLASS'
  | 'INVALID_PRODUCT_DISCOUNTS_WITH_TAGS_ON_SAME_CART_LINE_WITHOUT_PRODUCT_DISCOUNTS'
  | 'INVALID_TAG_LENGTH'
  | 'LESS_THAN'
  | 'LESS_THAN_OR_EQUAL_TO'
  | 'MAX_APP_DISCOUNTS'
  | 'MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT'
  | 'MISSING_ARGUMENT'
  | 'MISSING_FUNCTION_IDENTIFIER'
  | 'MULTIPLE_FUNCTION_IDENTIFIERS'
  | 'MULTIPLE_RECURRING_CYCLE_LIMIT_FOR_NON_SUBSCRIPTION_ITEMS'
  | 'PRESENT'
  | 'PRODUCT_DISCOUNTS_WITH_TAGS_ON_SAME_CART_LINE_NOT_ENTITLED'
  | 'RECURRING_CYCLE_LIMIT_NOT_A_VALID_INTEGER'
  | 'TAKEN'
  | 'TOO_LONG'
  | 'TOO_MANY_ARGUMENTS'
  | 'TOO_MANY_PRODUCT_DISCOUNTS_WITH_TAGS_ON_SAME_CART_LINE'
  | 'TOO_MANY_TAGS'
  | 'TOO_SHORT'
  | 'VALUE_OUTSIDE_RANGE';

export type DiscountMarketsInput = {
  readonly add?: ReadonlyArray<string> | null | undefined;
  readonly remove?: ReadonlyArray<string> | null | undefined;
};

export type MetafieldInput = {
  readonly id?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly namespace?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly value?: string | null | undefined;
};

export type OrderAdjustmentDiscrepancyReason =
  | 'CUSTOMER'
  | 'DAMAGE'
  | 'FULL_RETURN_BALANCING_ADJUSTMENT'
  | 'PENDING_REFUND_DISCREPANCY'
  | 'REFUND_DISCREPANCY'
  | 'RESTOCK';

export type OrderDisplayFinancialStatus =
  | 'AUTHORIZED'
  | 'EXPIRED'
  | 'PAID'
  | 'PARTIALLY_PAID'
  | 'PARTIALLY_REFUNDED'
  | 'PENDING'
  | 'REFUNDED'
  | 'VOIDED';

export type ProductDiscountsWithTagsOnSameCartLineInput = {
  readonly add?: ReadonlyArray<string> | null | undefined;
  readonly remove?: ReadonlyArray<string> | null | undefined;
};

export type CreateRewardDiscountMutationVariables = Exact<{
  discount: DiscountCodeAppInput;
}>;


export type CreateRewardDiscountMutation = { readonly discountCodeAppCreate: { readonly codeAppDiscount: { readonly discountId: string } | null, readonly userErrors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> } | null };

export type UpdateRewardDiscountMutationVariables = Exact<{
  id: string;
  discount: DiscountCodeAppInput;
}>;


export type UpdateRewardDiscountMutation = { readonly discountCodeAppUpdate: { readonly codeAppDiscount: { readonly discountId: string } | null, readonly userErrors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> } | null };

export type AddCodeMutationVariables = Exact<{
  discountId: string;
  code: string;
}>;


export type AddCodeMutation = { readonly discountRedeemCodeBulkAdd: { readonly bulkCreation: { readonly id: string, readonly done: boolean, readonly codes: { readonly nodes: ReadonlyArray<{ readonly code: string, readonly discountRedeemCode: { readonly id: string } | null, readonly errors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> }> } } | null, readonly userErrors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> } | null };

export type CodeCreationQueryVariables = Exact<{
  id: string;
}>;


export type CodeCreationQuery = { readonly discountRedeemCodeBulkCreation: { readonly id: string, readonly done: boolean, readonly codes: { readonly nodes: ReadonlyArray<{ readonly code: string, readonly discountRedeemCode: { readonly id: string } | null, readonly errors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> }> } } | null };

export type FindCodeQueryVariables = Exact<{
  code: string;
  search: string;
}>;


export type FindCodeQuery = { readonly codeDiscountNodeByCode: { readonly id: string, readonly codeDiscount:
      | { readonly codes: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly code: string, readonly asyncUsageCount: number }> } }
      | { readonly codes: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly code: string, readonly asyncUsageCount: number }> } }
      | { readonly codes: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly code: string, readonly asyncUsageCount: number }> } }
      | { readonly codes: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly code: string, readonly asyncUsageCount: number }> } }
     } | null };

export type RemoveCodeMutationVariables = Exact<{
  discountId: string;
  redeemCodeIds: ReadonlyArray<string>;
}>;


export type RemoveCodeMutation = { readonly discountCodeRedeemCodeBulkDelete: { readonly job: { readonly id: string, readonly done: boolean } | null, readonly userErrors: ReadonlyArray<{ readonly code: DiscountErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> } | null };

export type JobQueryVariables = Exact<{
  id: string;
}>;


export type JobQuery = { readonly job: { readonly id: string, readonly done: boolean } | null };

export type OrdersQueryVariables = Exact<{
  search: string;
  after?: string | null | undefined;
  withEmail: boolean;
}>;


export type OrdersQuery = { readonly orders: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly currencyCode: CurrencyCode, readonly displayFinancialStatus: OrderDisplayFinancialStatus | null, readonly test: boolean, readonly taxesIncluded: boolean, readonly cancelledAt: string | null, readonly createdAt: string, readonly processedAt: string, readonly updatedAt: string, readonly edited: boolean, readonly discountCodes: ReadonlyArray<string>, readonly email?: string | null, readonly customer: { readonly id: string } | null, readonly totalTipReceivedSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly refunds: ReadonlyArray<{ readonly id: string }>, readonly lineItems: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly quantity: number, readonly currentQuantity: number, readonly isGiftCard: boolean, readonly title: string, readonly requiresShipping: boolean, readonly taxable: boolean, readonly originalUnitPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } }, readonly shippingLines: { readonly nodes: ReadonlyArray<{ readonly isRemoved: boolean, readonly originalPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly discountedPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type OrdersCountQueryVariables = Exact<{
  search: string;
}>;


export type OrdersCountQuery = { readonly ordersCount: { readonly count: number } | null };

export type OrderQueryVariables = Exact<{
  id: string;
  withEmail: boolean;
}>;


export type OrderQuery = { readonly order: { readonly id: string, readonly currencyCode: CurrencyCode, readonly displayFinancialStatus: OrderDisplayFinancialStatus | null, readonly test: boolean, readonly taxesIncluded: boolean, readonly cancelledAt: string | null, readonly createdAt: string, readonly processedAt: string, readonly updatedAt: string, readonly edited: boolean, readonly discountCodes: ReadonlyArray<string>, readonly email?: string | null, readonly customer: { readonly id: string } | null, readonly totalTipReceivedSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly refunds: ReadonlyArray<{ readonly id: string }>, readonly lineItems: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly quantity: number, readonly currentQuantity: number, readonly isGiftCard: boolean, readonly title: string, readonly requiresShipping: boolean, readonly taxable: boolean, readonly originalUnitPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } }, readonly shippingLines: { readonly nodes: ReadonlyArray<{ readonly isRemoved: boolean, readonly originalPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly discountedPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type OrderLinesQueryVariables = Exact<{
  id: string;
  after?: string | null | undefined;
}>;


export type OrderLinesQuery = { readonly order: { readonly lineItems: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly quantity: number, readonly currentQuantity: number, readonly isGiftCard: boolean, readonly title: string, readonly requiresShipping: boolean, readonly taxable: boolean, readonly originalUnitPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type OrderShippingQueryVariables = Exact<{
  id: string;
  after?: string | null | undefined;
}>;


export type OrderShippingQuery = { readonly order: { readonly shippingLines: { readonly nodes: ReadonlyArray<{ readonly isRemoved: boolean, readonly originalPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly discountedPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type RefundQueryVariables = Exact<{
  id: string;
  after?: string | null | undefined;
}>;


export type RefundQuery = { readonly refund: { readonly id: string, readonly createdAt: string | null, readonly processedAt: string, readonly refundLineItems: { readonly nodes: ReadonlyArray<{ readonly quantity: number, readonly subtotalSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly totalTaxSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly lineItem: { readonly id: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } }, readonly refundShippingLines: { readonly nodes: ReadonlyArray<{ readonly subtotalAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> }, readonly orderAdjustments: { readonly nodes: ReadonlyArray<{ readonly reason: OrderAdjustmentDiscrepancyReason | null, readonly amountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> } } | null };

export type OrderEmailQueryVariables = Exact<{ [key: string]: never; }>;


export type OrderEmailQuery = { readonly orders: { readonly nodes: ReadonlyArray<{ readonly email: string | null }> } };

export type RunBulkQueryMutationVariables = Exact<{
  query: string;
}>;


export type RunBulkQueryMutation = { readonly bulkOperationRunQuery: { readonly bulkOperation: { readonly id: string } | null, readonly userErrors: ReadonlyArray<{ readonly code: BulkOperationUserErrorCode | null, readonly field: ReadonlyArray<string> | null, readonly message: string }> } | null };

export type BulkOperationQueryVariables = Exact<{
  id: string;
}>;


export type BulkOperationQuery = { readonly bulkOperation: { readonly id: string, readonly status: BulkOperationStatus, readonly errorCode: BulkOperationErrorCode | null, readonly rootObjectCount: string, readonly url: string | null } | null };

export type RecentBulkOperationsQueryVariables = Exact<{ [key: string]: never; }>;


export type RecentBulkOperationsQuery = { readonly bulkOperations: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly query: string }> } };

export type HistoryQueryVariables = Exact<{ [key: string]: never; }>;


export type HistoryQuery = { readonly orders: { readonly edges: ReadonlyArray<{ readonly node: { readonly __typename: 'Order', readonly id: string, readonly currencyCode: CurrencyCode, readonly displayFinancialStatus: OrderDisplayFinancialStatus | null, readonly test: boolean, readonly taxesIncluded: boolean, readonly cancelledAt: string | null, readonly createdAt: string, readonly processedAt: string, readonly updatedAt: string, readonly edited: boolean, readonly discountCodes: ReadonlyArray<string>, readonly email: string | null, readonly customer: { readonly id: string } | null, readonly totalTipReceivedSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly refunds: ReadonlyArray<{ readonly id: string }>, readonly lineItems: { readonly edges: ReadonlyArray<{ readonly node: { readonly __typename: 'LineItem', readonly id: string, readonly quantity: number, readonly currentQuantity: number, readonly isGiftCard: boolean, readonly title: string, readonly requiresShipping: boolean, readonly taxable: boolean, readonly originalUnitPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> } }> }, readonly shippingLines: { readonly edges: ReadonlyArray<{ readonly node: { readonly __typename: 'ShippingLine', readonly isRemoved: boolean, readonly originalPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly discountedPriceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } }, readonly taxLines: ReadonlyArray<{ readonly priceSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }>, readonly discountAllocations: ReadonlyArray<{ readonly allocatedAmountSet: { readonly shopMoney: { readonly amount: string, readonly currencyCode: CurrencyCode } } }> } }> } } }> } };
