import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { z } from 'zod'
import { MerchantId, ShopDomain } from '../domain/contracts/ids.ts'
import { apiKeyCreation, shopInstallation, type SqlCommand } from '../workers/platform/install.ts'

const HELP = `Registers a shop on a deployed environment and makes an API key for it.

  API_KEY_PEPPER=… npm run shop:add -- --shop x.myshopify.com --currency EUR --time-zone Europe/Berlin --env production

  --shop               the shop's myshopify.com domain
  --currency           its currency, ISO 4217
  --time-zone          its IANA time zone
  --storefront-origin  a further origin that may read balances, such as https://shop.example; may be repeated
  --plan               the plan it is on (free)
  --key-only           only makes a further key for a shop that is there, and leaves the shop as it is
  --env                dev, staging or production of wrangler.toml
  --local              instead of --env: wrangler's own local D1 (not the one of npm start, which has its demo shop)
  --persist-to         with --local: the folder that holds that D1

It runs \`wrangler d1 execute CONTROL\` with your wrangler login: it writes the shop, its default settings and the
HMAC of a new API key straight into the control-plane database. A shop that is there already keeps its merchant id
and its settings; its storefront origins are then those that are named. API_KEY_PEPPER must be the very value given to \`wrangler secret put API_KEY_PEPPER\`, or the key
will not work. The key is printed once and stored nowhere.`

const Options = z.object({
  shop: ShopDomain,
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters'),
  'time-zone': z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', 'an IANA time zone'),
  'storefront-origin': z.array(z.url()).default([]),
  plan: z.string().default('free'),
  'key-only': z.boolean().default(false),
  env: z.enum(['dev', 'staging', 'production']).optional(),
  local: z.boolean().default(false),
  'persist-to': z.string().optional(),
})
const Pepper = z.string().refine((text) => Buffer.from(text, 'base64').length === 32, 'base64 of 32 bytes')
const Answer = z.array(z.object({ results: z.array(z.object({ merchant_id: MerchantId })) }))

/** One statement as text: D1's files take no parameters. */
export function inline({ sql, params }: SqlCommand): string {
  return sql.replaceAll(/\?(\d+)/g, (_match, number: string) => literal(params[Number(number) - 1]))
}

function literal(value: string | number | null | undefined): string {
  if (value === undefined) throw new Error('A statement has more places than parameters.')
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`
}

async function execute(where: readonly string[], what: readonly string[]): Promise<string> {
  const wrangler = path.join(import.meta.dirname, '../node_modules/wrangler/bin/wrangler.js')
  const args = [wrangler, 'd1', 'execute', 'CONTROL', ...where, ...what, '--yes', '--json']
  // The answer is part of what WRANGLER_LOG may silence.
  const env = { ...process.env, WRANGLER_LOG: 'log', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return stdout
}

async function executeFile(where: readonly string[], commands: readonly SqlCommand[]): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'loyalnest-shop-'))
  try {
    const file = path.join(folder, 'shop.sql')
    writeFileSync(file, commands.map((command) => `${inline(command)};\n`).join(''), { mode: 0o600 })
    await execute(where, ['--file', file])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function addShop(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shop: { type: 'string' },
      currency: { type: 'string' },
      'time-zone': { type: 'string' },
      'storefront-origin': { type: 'string', multiple: true },
      plan: { type: 'string' },
      'key-only': { type: 'boolean' },
      env: { type: 'string' },
      local: { type: 'boolean' },
      'persist-to': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true || args.length === 0) {
    console.log(HELP)
    return
  }
  const options = Options.parse(values)
  if (options.local === (options.env !== undefined)) throw new Error('Say where: either --env production or --local.')
  const pepper = Pepper.parse(process.env['API_KEY_PEPPER'])
  const where = options.local ? ['--local'] : ['--remote', '--env', options.env ?? '']
  if (options['persist-to'] !== undefined) where.push('--persist-to', options['persist-to'])

  const nowMs = Date.now()
  const { shop: domain, currency, plan } = options
  const storefrontOrigins = options['storefront-origin']
  const installation = shopInstallation({
    domain,
    currency,
    timeZone: options['time-zone'],
    plan,
    storefrontOrigins,
    nowMs,
  })
  const [lookUp, ...writes] = installation.toReversed()
  if (lookUp === undefined) throw new Error('An installation has no statements.')
  if (!options['key-only']) await executeFile(where, writes.toReversed())
  const [answer] = Answer.parse(JSON.parse(await execute(where, ['--command', inline(lookUp)])))
  const merchantId = answer?.results[0]?.merchant_id
  if (merchantId === undefined) throw new Error(`There is no shop ${domain} there.`)
  const name = `made by shop:add for ${domain}`
  const key = await apiKeyCreation({ merchantId, name, permissions: ['admin:full'], pepper, nowMs })
  await executeFile(where, [key.command])
  console.log(
    `Shop         ${domain}\nMerchant id  ${merchantId}\nAPI key      ${key.key}\n\nThe key is not shown again.`,
  )
}

if (import.meta.main) {
  try {
    await addShop(process.argv.slice(2))
  } catch (error) {
    console.error(error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : error)
    console.error('\nnpm run shop:add -- --help says what is needed.')
    process.exitCode = 1
  }
}
