import type { Cost } from './cost.ts'
import type { Results } from './measures.ts'

/** The results as Markdown: ratios first, since only they hold on another machine. */
export function toMarkdown(results: Results, cost: Cost, machine: string, at: Date): string {
  const rateOf = (name: string) => results.rates.find((rate) => rate.name === name)?.load
  const rows = results.rates.map(({ name, load, peer }) => {
    const peerLoad = peer === undefined ? undefined : rateOf(peer.name)
    const ratio =
      peerLoad === undefined ? '' : `${(load.perSecond / peerLoad.perSecond).toFixed(2)} × ${peer?.name ?? ''}`
    const budget = peer?.budget === undefined ? '' : `≥ ${peer.budget}`
    const cpu = load.serverCpuMsPerRequest.toFixed(2)
    return `| ${name} | ${count(load.perSecond)} | ${ratio} | ${budget} | ${load.p50Ms} / ${load.p99Ms} | ${cpu} | ${load.failed} |`
  })
  const streams = results.streams.map(
    ({ ordersPerSecond, orders, lost, p50Ms, p99Ms }) =>
      `| ${ordersPerSecond} | ${orders} | ${lost} | ${p50Ms.toFixed(0)} | ${p99Ms.toFixed(0)} | < 1000 |`,
  )
  const { bookings, steadyWebhooks } = results
  const bursts = bookings.map(
    ({ name, orders, answeredPerSecond, bookedPerSecond, cpuMsPerOrder }) =>
      `| ${name} | ${count(orders)} | ${count(answeredPerSecond)} | ${count(bookedPerSecond)} | ${cpuMsPerOrder.toFixed(2)} |`,
  )
  return `Measured ${at.toISOString().slice(0, 10)} on ${machine}; the load client runs on the same machine.

| what | a second | ratio | budget | p50 / p99 ms | server CPU ms each | failed |
| --- | ---: | --- | --- | ---: | ---: | ---: |
${rows.join('\n')}

Webhook answers at a steady 100/s: p50 ${steadyWebhooks.p50Ms} ms, p99 ${steadyWebhooks.p99Ms} ms (budget < 50 ms).

| a burst of distinct orders of | orders | webhook answers/s | booked/s | workerd CPU ms each |
| --- | ---: | ---: | ---: | ---: |
${bursts.join('\n')}

| order → shopper's socket, orders/s | orders | lost | p50 ms | p99 ms | budget ms |
| ---: | ---: | ---: | ---: | ---: | ---: |
${streams.join('\n')}

An order of a known customer: ${cost.rows} rows written (budget ≤ 7) and ${cost.messages} queue messages (budget ≤ 2), plus one row a batch for the merchant's usage.`
}

/** Puts a table between the document's two marks of that name. */
export function intoDocument(document: string, table: string, name: 'bench' | 'lighthouse' = 'bench'): string {
  const [beginMark, endMark] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
  const begin = document.indexOf(beginMark)
  const end = document.indexOf(endMark)
  if (begin < 0 || end < begin) throw new Error(`the document lacks ${beginMark} … ${endMark}`)
  return `${document.slice(0, begin + beginMark.length)}\n\n${table}\n\n${document.slice(end)}`
}

function count(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value)
}
