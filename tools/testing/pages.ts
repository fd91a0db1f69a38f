import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { z } from 'zod'

const AXE = readFileSync(path.join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8')

/** The page has no violation that axe finds, elements with a shadow root included. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(AXE)
  const found = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(", ")))',
  )
  expect(z.array(z.string()).parse(found), page.url()).toEqual([])
}

export async function fitsItsScreen(page: Page): Promise<void> {
  const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(wider, `${page.url()} scrolls sideways`).toBe(0)
}
