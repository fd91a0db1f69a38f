/** Writes one structured line about a batch or a message. Ids and counts only: no personal data, no secret. */
export function logLine(
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, string | number | null>>,
): void {
  // oxlint-disable-next-line no-console -- the console is where Workers' logs come from
  console[level](JSON.stringify({ level, message, ...fields }))
}
