import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { LANGUAGES } from '../web/widget/languages/languages.ts'
import { PAGE_LANGUAGES } from '../web/widget/page/languages/languages.ts'

/**
 * Builds what the Worker serves as files: the pages, the widget that storefronts load, and the API guide with its
 * viewer. `node tools/build-web.ts [--outdir dist/web]`
 */

const ROOT = path.join(import.meta.dirname, '..')
/** What storefronts load, and the entry that it is built from. */
const BUNDLES = new Map([
  ['loyalnest.js', 'loyalnest.ts'],
  ['loyalnest-blocks.js', 'blocks/loyalnest-blocks.ts'],
  ['loyalnest-page.js', 'page/loyalnest-page.ts'],
])
/** What each of them may have, in bytes after gzip: the first is launcher, panel and one language. */
const BUNDLE_LIMIT = 10_000
/** Smaller than the default by 3 %. "Unsafe" only where a page redefines what JavaScript brings. */
const TERSER = {
  ecma: 2020,
  compress: { passes: 3, unsafe: true, unsafe_arrows: true, pure_getters: true },
} as const
/** Of swagger-ui-dist: what the guide's page loads, and the licence. */
const VIEWER = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE']

/** An IIFE runs both as a module and as the plain deferred script that Shopify makes of an app block's JavaScript. */
async function buildBundle(outdir: string, entry: string, fileName: string): Promise<void> {
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir: path.join(outdir, 'widget'),
      emptyOutDir: false,
      target: 'es2022',
      // light-dark() and color-mix(), for browsers of the last two years; older ones get none of their fallbacks' bytes.
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      minify: 'terser',
      terserOptions: TERSER,
      lib: {
        entry: path.join(ROOT, 'web/widget', entry),
        formats: ['iife'],
        name: 'LoyalNest',
        fileName: () => fileName,
      },
    },
  })
}

/** English is in the bundle; a page in another language loads one of these files. */
function writeLanguages(folder: string, languages: Readonly<Record<string, object>>): void {
  mkdirSync(folder, { recursive: true })
  for (const [language, texts] of Object.entries(languages)) {
    if (language !== 'en') writeFileSync(path.join(folder, `${language}.json`), JSON.stringify(texts))
  }
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
for (const [fileName, entry] of BUNDLES) await buildBundle(outdir, entry, fileName)
writeLanguages(path.join(outdir, 'widget/lang'), LANGUAGES)
writeLanguages(path.join(outdir, 'widget/lang/page'), PAGE_LANGUAGES)
copySite(outdir)
copyGuide(outdir)
const built = sizes(outdir)
for (const [file, bytes] of built) console.log(`${String(bytes).padStart(9)} B gzip  ${file}`)
for (const bundle of BUNDLES.keys()) {
  const bytes = built.get(path.join('widget', bundle)) ?? Number.POSITIVE_INFINITY
  if (bytes <= BUNDLE_LIMIT) continue
  console.error(`${bundle} has ${bytes} B gzip; it may have ${BUNDLE_LIMIT}. Storefronts pay for every byte.`)
  process.exitCode = 1
}
