import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { npmChromium } from './npm-chromium.ts'

const SYSTEM_CHROMIUMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * A headless Chromium: the one CHROMIUM_PATH names, else the system's, else the one from npm, which brings the shared
 * libraries and fonts that a bare machine lacks. With `debuggingPort` other tools may drive it too.
 */
export async function launchBrowser({ debuggingPort }: { readonly debuggingPort?: number } = {}): Promise<Browser> {
  const system = process.env['CHROMIUM_PATH'] ?? SYSTEM_CHROMIUMS.find((file) => existsSync(file))
  // Chromium refuses its sandbox to root, and a container often has none to offer. The pages are our own.
  const args = ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none']
  if (debuggingPort !== undefined) args.push(`--remote-debugging-port=${debuggingPort}`)
  if (system !== undefined) return chromium.launch({ executablePath: system, args })
  const { executablePath, env } = await npmChromium()
  return chromium.launch({ executablePath, args, env })
}
