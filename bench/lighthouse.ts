import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import lighthouse from 'lighthouse'
import { z } from 'zod'
import { freePort } from '../tools/local/ports.ts'
import { launchBrowser } from '../tools/testing/browser.ts'
import { spawnStack, stateFolder } from '../tools/testing/stack.ts'
import { machineName } from './cpu.ts'
import { intoDocument } from './report.ts'

/** What the widget costs a storefront, by Lighthouse: the same pages of the demo shop with it and without it. */

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(`npm run bench:lighthouse -- [--runs N] [--write]

Runs Lighthouse (mobile, simulated slow 4G and a slow processor) on the demo storefront with and without the widget.
  --runs N   how often each page is looked at, in turns; medians count (5)
  --write    puts the table into docs/performance.md`)
  process.exit(0)
}

const PAGES = ['home', 'product'] as const
const WIDGETS = ['off', 'on'] as const
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'] as const
const METRICS = [
  { id: 'first-contentful-paint', title: 'FCP ms', digits: 0 },
  { id: 'largest-contentful-paint', title: 'LCP ms', digits: 0 },
  { id: 'total-blocking-time', title: 'TBT ms', digits: 0 },
  { id: 'cumulative-layout-shift', title: 'CLS', digits: 3 },
  { id: 'total-byte-weight', title: 'bytes', digits: 0 },
] as const

/** Of Lighthouse's result, what is read; scores are 0 to 1. */
const Look = z.object({
  categories: z.record(z.enum(CATEGORIES), z.object({ score: z.number() })),
  audits: z.record(z.string(), z.looseObject({ numericValue: z.number().optional() })),
})

interface Measured {
  readonly page: (typeof PAGES)[number]
  readonly widget: (typeof WIDGETS)[number]
  /** 0 to 100, in the order of CATEGORIES. */
  readonly scores: readonly number[]
  /** In the order of METRICS. */
  readonly metrics: readonly number[]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (low + high) / 2
}

async function look(url: string, port: number): Promise<z.infer<typeof Look>> {
  const result = await lighthouse(url, { port, output: 'json', logLevel: 'error', onlyCategories: [...CATEGORIES] })
  if (result?.lhr.runtimeError) throw new Error(`${url}: ${result.lhr.runtimeError.message}`)
  return Look.parse(result?.lhr)
}

/** The address of each page; of a product as the shop's own home page links it. */
async function addresses(origin: string): Promise<Readonly<Record<(typeof PAGES)[number], string>>> {
  const home = await (await fetch(origin)).text()
  const product = /href="(\/products\/[^"?#]+)/.exec(home)?.[1]
  if (product === undefined) throw new Error('the home page links no product')
  return { home: new URL('/', origin).href, product: new URL(product, origin).href }
}

async function measure(origin: string, port: number, runs: number): Promise<readonly Measured[]> {
  const urls = await addresses(origin)
  const cells = PAGES.flatMap((page) =>
    WIDGETS.map((widget) => ({ page, widget, looks: new Array<z.infer<typeof Look>>() })),
  )
  // In turns, so that a moment when the machine is busy does not fall on one side only.
  for (let run = 1; run <= runs; run += 1) {
    for (const { page, widget, looks } of cells) {
      const seen = await look(`${urls[page]}?widget=${widget}`, port)
      looks.push(seen)
      console.log(`${run}/${runs} ${page}, widget ${widget}: ${Math.round(seen.categories.performance.score * 100)}`)
    }
  }
  return cells.map(({ page, widget, looks }) => ({
    page,
    widget,
    scores: CATEGORIES.map((name) => 100 * median(looks.map((one) => one.categories[name].score))),
    metrics: METRICS.map(({ id }) => median(looks.map((one) => one.audits[id]?.numericValue ?? 0))),
  }))
}

function toMarkdown(measured: readonly Measured[], runs: number, version: string): string {
  const names = [...CATEGORIES, ...METRICS.map(({ title }) => title)]
  const rows = measured.map(({ page, widget, scores, metrics }) => {
    const values = metrics.map((value, index) => value.toFixed(METRICS[index]?.digits ?? 0))
    const cells = [...scores.map((score) => score.toFixed(0)), ...values]
    return `| ${page} | ${widget === 'on' ? 'with' : 'without'} | ${cells.join(' | ')} |`
  })
  const lost = PAGES.map((page) => {
    const [off = 0, on = 0] = measured.filter((one) => one.page === page).map(({ scores }) => scores[0])
    return `${page} ${(off - on).toFixed(0)}`
  })
  return `Measured ${new Date().toISOString().slice(0, 10)} on ${machineName()}, Lighthouse ${version}, mobile; medians of ${runs} runs each, in turns.

| page | widget | ${names.join(' | ')} |
| --- | --- | ${names.map(() => '---:').join(' | ')} |
${rows.join('\n')}

Points of performance lost to the widget (budget ≤ 1): ${lost.join(', ')}.`
}

function lighthouseVersion(): string {
  const file = path.resolve(import.meta.dirname, '../node_modules/lighthouse/package.json')
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version
}

const runs = Number(options.runs)
const stateDir = stateFolder()
const stack = await spawnStack(stateDir)
const port = await freePort()
const browser = await launchBrowser({ debuggingPort: port })
try {
  const measured = await measure(stack.info.storefront, port, runs)
  const table = toMarkdown(measured, runs, lighthouseVersion())
  console.log(`\n${table}`)
  if (options.write) {
    const document = path.resolve(import.meta.dirname, '../docs/performance.md')
    writeFileSync(document, intoDocument(readFileSync(document, 'utf8'), table, 'lighthouse'))
  }
} finally {
  await browser.close()
  await stack.stop()
  rmSync(stateDir, { recursive: true, force: true })
}
