import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SOURCE = path.join(ROOT, 'web/extensions/theme')

/** Of the widget's build, what the blocks load: the same files that the app itself serves. */
export const THEME_ASSETS = ['loyalnest.js', 'loyalnest-blocks.js', 'loyalnest-page.js'] as const

/**
 * Puts the theme app extension together, as `shopify app deploy` takes it.
 * @param widget folder of the built widget
 * @param outdir folder that is emptied and filled
 */
export function composeTheme(widget: string, outdir: string): void {
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(path.join(outdir, 'assets'), { recursive: true })
  for (const file of globSync(
    '{shopify.extension.toml,blocks/*.liquid,snippets/*.liquid,locales/*.json,assets/*.css}',
    {
      cwd: SOURCE,
    },
  )) {
    cpSync(path.join(SOURCE, file), path.join(outdir, file))
  }
  for (const asset of THEME_ASSETS) cpSync(path.join(widget, asset), path.join(outdir, 'assets', asset))
}

if (import.meta.main) {
  const outdir = path.join(ROOT, 'dist/theme')
  composeTheme(path.join(ROOT, 'dist/web/widget'), outdir)
  console.log(`The theme app extension is in ${path.relative(ROOT, outdir)}.`)
}
