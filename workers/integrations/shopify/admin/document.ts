import { z } from 'zod'

/** A document and how its answer is read. */
export interface AdminDocument<Data, Variables> {
  readonly kind: 'query' | 'mutation'
  readonly text: string
  readonly answer: z.ZodType<Data>
  /** Only a type: what goes along with the text. */
  readonly variables?: (variables: Variables) => void
}

/** What the types promise, with enumerations as text: a value that Shopify adds must not make an answer unreadable. */
export type Read<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Read<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Read<T[Key]> }
      : T

/** A document whose answer `answer` reads; the compiler holds it against the generated types. */
export function document<Variables, Data>(
  kind: 'query' | 'mutation',
  text: string,
  answer: z.ZodType<Read<Data>>,
): AdminDocument<Read<Data>, Variables> {
  return { kind, text, answer }
}

export const UserErrors = z.array(
  z.object({ code: z.string().nullable(), field: z.array(z.string()).nullable(), message: z.string() }),
)
