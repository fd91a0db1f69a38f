/** Writes one structured line about an object's failure. Ids only: no personal data, no secret. */
export function reportFailure(what: string, ids: Readonly<Record<string, string | number>>, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  // oxlint-disable-next-line no-console -- workerd's console is the log sink, and this is the objects' only use of it
  console.error(JSON.stringify({ level: 'error', message: what, ...ids, error: reason }))
}
