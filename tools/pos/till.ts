import { parseArgs } from 'node:util'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { Device } from '../../domain/contracts/pos.ts'
import { readLocalInfo } from '../local/info.ts'
import { operatorApi, runCommand } from '../operator/api.ts'
import { publicKeyOf } from '../../web/extensions/pos/till/device.ts'
import { TillQueue } from '../../web/extensions/pos/till/queue.ts'
import { TillSync } from '../../web/extensions/pos/till/sync.ts'
import { fileKeys, fileStorage, lockFolder } from './files.ts'

const HELP = `A till on the command line: the client of web/extensions/pos, with files for a storage.

  npm run till -- register "Till 1"                  makes a key pair and registers it, with the API key
  npm run till -- sale <customer> <amount> <EUR>     records a sale; LoyalNest need not be there
  npm run till -- reserve <reward id> <count>        fetches codes for when LoyalNest is not there
  npm run till -- redeem <customer> <reward id>      hands out one of them
  npm run till -- sync                               sends what was recorded
  npm run till -- status                             what waits, what was rejected, which codes are left
  npm run till -- abandon                            forgets it all, for a till whose key was revoked

Means the system that npm start runs here, or --app https://… (and --api-key ln_…, to register).
The till is in .loyalnest/till, or --dir another folder. Registering needs the permission devices:write.`

const LOCAL_INFO = '.loyalnest/local.json'
const Options = z.object({
  dir: z.string().default('.loyalnest/till'),
  app: z.url().optional(),
  'api-key': z.string().optional(),
})
type Options = z.infer<typeof Options>

function systemOf({ app, 'api-key': apiKey }: Options): { readonly app: string; readonly apiKey: string } {
  const local = app === undefined && existsSync(LOCAL_INFO) ? readLocalInfo(LOCAL_INFO) : undefined
  const address = app ?? local?.app
  if (address === undefined)
    throw new Error('Nothing runs here. Start it with npm start, or name a system: --app https://…')
  return { app: address, apiKey: apiKey ?? process.env['LOYALNEST_API_KEY'] ?? local?.api_key ?? '' }
}

async function register(queue: TillQueue, keys: CryptoKeyPair, options: Options, name: string): Promise<void> {
  const { app, apiKey } = systemOf(options)
  const publicKey = await publicKeyOf(crypto.subtle, keys)
  const device = await operatorApi(app, apiKey).call('POST', '/v1/api/devices', Device, { name, public_key: publicKey })
  await queue.register(device.id)
  console.log(`${device.name} is device ${device.id}, its key ${device.key_fingerprint}.`)
}

/** Sends, and says how it went. */
async function synchronize(queue: TillQueue, sync: TillSync): Promise<void> {
  const before = await queue.summary()
  if (before.deviceId === null) throw new Error('This till is not registered.')
  await sync.sync()
  sync.stop()
  const { problem, detail } = sync.state
  const after = await queue.summary()
  console.log(`${before.queued - after.queued} items were taken, ${after.queued} wait.`)
  if (problem !== null) throw new Error(`${problem}: ${detail ?? ''}`)
}

async function status(queue: TillQueue): Promise<void> {
  const { deviceId, queued, lastSyncAt, rejected, codes } = await queue.summary()
  console.log(deviceId === null ? 'Not registered.' : `Device ${deviceId}, last sync ${lastSyncAt ?? 'never'}.`)
  console.log(`${queued} items wait.`)
  for (const { op_id, reason, detail } of rejected) console.log(`rejected ${op_id}: ${reason ?? ''} ${detail ?? ''}`)
  for (const { code, title, reward_id, expires_at } of codes)
    console.log(`${code}  ${title}  ${reward_id}  until ${expires_at}`)
}

async function run(words: readonly string[], options: Options): Promise<void> {
  const [command, first = '', second = '', third = ''] = words
  const keys = await fileKeys(options.dir)
  const queue = new TillQueue({ storage: fileStorage(options.dir), newId: randomUUID })
  const syncOf = () =>
    new TillSync({ queue, subtle: crypto.subtle, privateKey: keys.privateKey, origin: systemOf(options).app, fetch })
  switch (command) {
    case 'register':
      return register(queue, keys, options, first === '' ? 'Till' : first)
    case 'sale': {
      const item = await queue.earn({ customerId: first, amount: second, currency: third })
      return console.log(`Recorded as number ${item.device_seq}.`)
    }
    case 'reserve': {
      const problem = await syncOf().restock(first, Number(second))
      if (problem !== null) throw new Error(problem)
      return status(queue)
    }
    case 'redeem': {
      const code = await queue.redeem({ customerId: first, rewardId: second })
      if (code === null) throw new Error('There is no code for this reward.')
      return console.log(`${code.title}: ${code.code}, ${JSON.stringify(code.value)}. Recorded.`)
    }
    case 'sync':
      return synchronize(queue, syncOf())
    case 'status':
      return status(queue)
    case 'abandon': {
      const items = await queue.abandon()
      return console.log(
        `${items.length} items were given up.\n${items.map((item) => JSON.stringify(item)).join('\n')}`,
      )
    }
    default:
      throw new Error(HELP)
  }
}

await runCommand(async () => {
  const args = process.argv.slice(2)
  if (args.every((word) => word === '--help')) return console.log(HELP)
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { dir: { type: 'string' }, app: { type: 'string' }, 'api-key': { type: 'string' } },
  })
  const options = Options.parse(values)
  const unlock = lockFolder(options.dir)
  try {
    await run(positionals, options)
  } finally {
    unlock()
  }
})
