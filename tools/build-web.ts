import { cpSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

/**
 * Builds what the Worker serves as files: the pages, the widget that storefronts load, and the API guide with its
 * viewer. `node tools/build-web.ts [--outdir dist/web]`
 */

const ROOT = path.join(import.meta.dirname, '..')
/** What a storefront pays for the widget, in bytes after gzip. */
const WIDGET_LIMIT = 10_000
/** Of swagger-ui-dist: what the guide's page loads, and the licence. */
const VIEWER = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE']

/** An IIFE runs both as a module and as the plain deferred script that Shopify makes of an app block's JavaScript. */
async function buildWidget(outdir: string): Promise<void> {
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir: path.join(outdir, 'widget'),
      emptyOutDir: true,
      target: 'es2022',
      lib: {
        entry: path.join(ROOT, 'web/widget/loyalnest.ts'),
        formats: ['iife'],
        name: 'LoyalNest',
        fileName: () => 'loyalnest.js',
      },
    },
  })
}

function copySite(outdir: string): void {
  const site = path.join(ROOT, 'web/site')
  mkdirSync(path.join(outdir, 'site'), { recursive: true })
  cpSync(path.join(site, 'index.html'), path.join(outdir, 'index.html'))
  for (const file of ['site.css', 'icon.svg']) cpSync(path.join(site, file), path.join(outdir, 'site', file))
}

function copyGuide(outdir: string): void {
  const viewer = path.join(ROOT, 'node_modules/swagger-ui-dist')
  const docs = path.join(outdir, 'docs')
  mkdirSync(docs, { recursive: true })
  for (const file of VIEWER) cpSync(path.join(viewer, file), path.join(docs, file))
  cpSync(path.join(ROOT, 'web/site/docs'), docs, { recursive: true })
}

function sizes(outdir: string): Map<string, number> {
  const files = readdirSync(outdir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name)
      return [path.relative(outdir, file), gzipSync(readFileSync(file)).length]
    }),
  )
}

const { values } = parseArgs({ options: { outdir: { type: 'string', default: path.join(ROOT, 'dist/web') } } })
const outdir = path.resolve(values.outdir)
await buildWidget(outdir)
copySite(outdir)
copyGuide(outdir)
const built = sizes(outdir)
for (const [file, bytes] of built) console.log(`${String(bytes).padStart(9)} B gzip  ${file}`)
const widget = built.get(path.join('widget', 'loyalnest.js')) ?? Number.POSITIVE_INFINITY
if (widget > WIDGET_LIMIT) {
  console.error(`The widget has ${widget} B gzip; it may have ${WIDGET_LIMIT}. Storefronts pay for every byte.`)
  process.exitCode = 1
}
