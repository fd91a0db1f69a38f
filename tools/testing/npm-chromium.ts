import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

const MODULES = path.resolve(import.meta.dirname, '../../node_modules')
/** Open Sans comes with the browser; Arabic needs a font of its own. */
const ARABIC = path.join(MODULES, '@expo-google-fonts/noto-sans-arabic')

/** How to run the Chromium of `@sparticuz/chromium` (Linux, x64). */
export interface NpmChromium {
  readonly executablePath: string
  readonly env: Record<string, string>
}

/** Unpacks it on first use, into `node_modules/.cache`. @throws on a platform it is not made for */
export async function npmChromium(): Promise<NpmChromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('No Chromium found. Install Chrome or Chromium, or name one: CHROMIUM_PATH=/path/to/chromium')
  }
  const home = path.join(MODULES, '.cache', `chromium-${version()}`)
  if (!existsSync(home)) await unpack(home)
  const fonts = path.join(home, 'fonts.conf')
  return {
    executablePath: path.join(home, 'chromium'),
    env: {
      ...inherited(),
      LD_LIBRARY_PATH: [path.join(home, 'al2023/lib'), process.env['LD_LIBRARY_PATH'] ?? ''].filter(Boolean).join(':'),
      FONTCONFIG_FILE: fonts,
    },
  }
}

function version(): string {
  const file = path.join(MODULES, '@sparticuz/chromium/package.json')
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version
}

async function unpack(home: string): Promise<void> {
  const { inflate, default: packed } = await import('@sparticuz/chromium')
  const fresh = `${home}.${process.pid}.new`
  mkdirSync(fresh, { recursive: true })
  // The package unpacks into the system's temporary folder, where two that do so at once spoil each other's files and
  // another user's files are in the way. So it gets a temporary folder of its own.
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = fresh
  try {
    const bin = path.join(MODULES, '@sparticuz/chromium/bin')
    await packed.executablePath(bin)
    await inflate(path.join(bin, 'al2023.tar.br'))
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  writeFileSync(path.join(fresh, 'fonts.conf'), fontConfig(home))
  try {
    renameSync(fresh, home)
  } catch (error) {
    // Another process was first, and its copy is as good.
    if (!existsSync(home)) throw error
    rmSync(fresh, { recursive: true, force: true })
  }
}

function fontConfig(home: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${path.join(home, 'fonts')}</dir>
  <dir>${ARABIC}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${path.join(home, 'font-cache')}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family><family>Noto Sans Arabic</family></prefer></alias>
</fontconfig>
`
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}
