import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'smol-toml'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { composeTheme, THEME_ASSETS } from './compose.ts'

/** The theme app extension as it is deployed, but for the contents of its scripts. */

const folder = mkdtempSync(path.join(tmpdir(), 'loyalnest-theme-'))
const theme = path.join(folder, 'theme')

beforeAll(() => {
  const widget = path.join(folder, 'widget')
  mkdirSync(widget)
  for (const asset of THEME_ASSETS) writeFileSync(path.join(widget, asset), '0')
  composeTheme(widget, theme)
})
afterAll(() => rmSync(folder, { recursive: true }))

const Setting = z.looseObject({ id: z.string().optional() })
const BlockSchema = z.object({ name: z.string(), target: z.string(), settings: z.array(Setting) })

function blockSchema(name: string): z.infer<typeof BlockSchema> {
  const liquid = readFileSync(path.join(theme, 'blocks', name), 'utf8')
  return BlockSchema.parse(JSON.parse(/\{% schema %\}(.*)\{% endschema %\}/s.exec(liquid)?.[1] ?? ''))
}

/** Shopify's own linter. It would look for newer rules on the network first: it is sent to a folder that does not exist. */
async function offences(root: string): Promise<string[]> {
  vi.stubEnv('SHOPIFY_TLD_ROOT', path.join(folder, 'nowhere'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'))
  const { check } = await import('@shopify/theme-check-node')
  const found = await check(root, path.join(import.meta.dirname, 'theme-check.yml'))
  return found.map(
    ({ check: name, uri, message, start }) => `${path.basename(uri)}:${start.line + 1} ${name}: ${message}`,
  )
}

describe('the theme app extension', () => {
  it('is clean by Shopify’s theme-check', async () => {
    expect(await offences(theme)).toEqual([])
  }, 30_000)

  it('would not be, were something wrong in it: the linter works without a network', async () => {
    const broken = path.join(folder, 'broken')
    composeTheme(path.join(folder, 'widget'), broken)
    const liquid =
      '{{ product.titel | no_such_filter }}{{ \'page.nothing\' | t }}<script src="https://x.example/a.js"></script>'
    writeFileSync(path.join(broken, 'blocks/points-balance.liquid'), liquid)
    const found = (await offences(broken)).join('\n')
    for (const name of ['AppBlockMissingSchema', 'UnknownFilter', 'TranslationKeyExists', 'ParserBlockingScript']) {
      expect(found).toContain(name)
    }
  }, 30_000)

  it('is one extension of type theme', () => {
    const config: unknown = parse(readFileSync(path.join(theme, 'shopify.extension.toml'), 'utf8'))
    expect(config).toMatchObject({ extensions: [{ type: 'theme', handle: 'loyalnest-theme' }] })
  })

  it('embeds the launcher in the body and puts the other blocks into sections', () => {
    const blocks = readdirSync(path.join(theme, 'blocks')).toSorted()
    expect(blocks.map((name) => [name, blockSchema(name).target])).toEqual([
      ['launcher.liquid', 'body'],
      ['points-balance.liquid', 'section'],
      ['product-points.liquid', 'section'],
      ['rewards-page.liquid', 'section'],
    ])
  })

  it('uses every setting that it shows', () => {
    for (const name of readdirSync(path.join(theme, 'blocks'))) {
      const liquid = readFileSync(path.join(theme, 'blocks', name), 'utf8')
      const unused = blockSchema(name).settings.filter(
        ({ id }) => id !== undefined && !liquid.includes(`block.settings.${id}`),
      )
      expect(unused, name).toEqual([])
    }
  })

  it('has block names in every language that fit where Shopify shows them', () => {
    const Names = z.object({ blocks: z.record(z.string(), z.looseObject({ name: z.string().max(25) })) })
    const files = readdirSync(path.join(theme, 'locales')).filter((file) => file.endsWith('.schema.json'))
    expect(files).toHaveLength(8)
    for (const file of files) {
      const names: unknown = JSON.parse(readFileSync(path.join(theme, 'locales', file), 'utf8'))
      expect(Names.safeParse(names).error, file).toBeUndefined()
    }
  })
})
