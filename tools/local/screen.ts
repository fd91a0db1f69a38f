import { styleText } from 'node:util'
import type { LocalInfo } from './info.ts'

/** A step that begins. */
export function say(line: string): void {
  console.log(`${styleText('dim', '·')} ${line}`)
}

/** Something that someone should see. */
export function warn(line: string): void {
  console.error(`${styleText('red', '!')} ${line}`)
}

/** All addresses, once everything runs. */
export function ready(
  info: LocalInfo,
  { seconds, log, direct }: { seconds: number; log: string; direct: boolean },
): void {
  const lines = [
    ['Storefront', info.storefront, 'buy something and watch the points arrive'],
    ['Back office', `${info.shopify}/admin`, 'orders, refunds, webhook deliveries'],
    ['LoyalNest', info.app, direct ? "on workerd's own socket" : ''],
    ['API guide', info.docs, ''],
    ['Health', `${info.app}/health`, ''],
  ] as const
  console.log(`\n${styleText(['bold', 'green'], 'LoyalNest runs')} ${styleText('dim', `(${seconds.toFixed(1)} s)`)}\n`)
  for (const [name, url, remark] of lines) {
    console.log(`  ${name.padEnd(12)} ${styleText('cyan', url)}${remark === '' ? '' : styleText('dim', `  ${remark}`)}`)
  }
  console.log(`\n  ${'API key'.padEnd(12)} ${info.api_key}`)
  console.log(`  ${'Worker log'.padEnd(12)} ${log}`)
  console.log(`\n${styleText('dim', 'Ctrl-C stops everything; state stays for the next start.')}`)
}
