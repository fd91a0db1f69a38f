import { z } from 'zod'

/**
 * What a reward's discount tells its Shopify Function: the JSON of the discount's metafield `$app:loyalnest` / `reward`.
 * The Function (functions/reward-code) reads nothing else of ours. It gives a discount only to the customer whom the
 * triggering code names, and only what the code's terms say.
 *
 * A code is `[PREFIX-]RRRR-RRRR-RRTT-[UUUU-]MMMM`, in Crockford's base 32 (0-9, A-Z without I, L, O, U), not case-sensitive:
 * 10 random characters (50 bits), 2 for the number of the terms, with a sliding reward 4 for the number of steps, and 4
 * for a signature: the first 20 bits of HMAC-SHA-256(key, `{body}|{customer}`), where body is the characters before it
 * without separators and prefix, upper case, and customer the digits of the Shopify customer id. All numbers are big endian.
 * The random part makes a code unguessable, the signature ties it to its customer without a look-up (ADR 0009).
 */
export const FUNCTION_METAFIELD = { namespace: '$app:loyalnest', key: 'reward' } as const

/** Variables of the Function's input query: the JSON of the metafield `$app:loyalnest` / `input`. */
export const FUNCTION_INPUT_METAFIELD = { namespace: '$app:loyalnest', key: 'input' } as const

/**
 * Selections of collections: the query asks for each line whether it is in any of each. A handful of yes and no, because
 * the Function's input is limited to 128 kB and the query to a cost of 30: a list of memberships a line would break a
 * cart of a hundred lines.
 */
export const FunctionInputVariables = z.object({
  collections1: z.array(z.string()),
  collections2: z.array(z.string()),
  collections3: z.array(z.string()),
  collections4: z.array(z.string()),
})
export const MAX_COLLECTION_SELECTIONS = 4

/** The handle in functions/reward-code/shopify.extension.toml. */
export const REWARD_FUNCTION_HANDLE = 'loyalnest-reward-code'

export const FunctionTerms = z.object({
  type: z.enum(['amount_off', 'percent_off', 'free_shipping', 'free_product']),
  /** Decimal in the shop's currency: of one step if sliding. */
  amount: z.string().optional(),
  percent: z.int().optional(),
  variants: z.array(z.string()).optional(),
  minimum: z.string().nullable(),
  collections: z
    .int()
    .min(0)
    .max(MAX_COLLECTION_SELECTIONS)
    .describe('number of the selection whose goods count; 0: all goods'),
  share: z.int().nullable().describe('per cent of the goods that it pays at most'),
})
export type FunctionTerms = z.infer<typeof FunctionTerms>

export const FunctionConfig = z.object({
  v: z.literal(1),
  /** Base64 of 32 bytes. */
  key: z.string(),
  sliding: z.boolean(),
  title: z.string().describe('the message beside the discount in the checkout'),
  /** By number. */
  terms: z.record(z.string().regex(/^[1-9][0-9]{0,3}$/), FunctionTerms),
})
export type FunctionConfig = z.infer<typeof FunctionConfig>
