declare global {
  interface JSON {
    /** Node 22 and newer: text that `JSON.stringify` writes as it is. */
    rawJSON(text: string): object
  }
}

/** JSON text in which a bigint is a plain number with all its digits, as Shopify writes ids above 2^53. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? JSON.rawJSON(member.toString()) : member,
  )
}
