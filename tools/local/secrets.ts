import { existsSync, readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { writeWhole, type StatePaths } from './state.ts'

/** What a deployment keeps in `wrangler secret`, made up once per state. */
const LocalSecrets = z.object({
  clientId: z.string(),
  clientSecret: z.string(),
  tokenKey: z.string(),
  apiKeyPepper: z.string(),
  dataKek: z.string(),
  /** The demo shop's API key; null until the shop is seeded. */
  apiKey: z.string().nullable(),
})
export type LocalSecrets = z.infer<typeof LocalSecrets>

/** The secrets of this state, the same on every start. */
export function loadSecrets(paths: StatePaths): LocalSecrets {
  if (existsSync(paths.secrets)) return LocalSecrets.parse(JSON.parse(readFileSync(paths.secrets, 'utf8')))
  const secrets: LocalSecrets = {
    clientId: randomBytes(16).toString('hex'),
    clientSecret: `shpss_${randomBytes(16).toString('hex')}`,
    tokenKey: `local:${randomBytes(32).toString('base64')}`,
    apiKeyPepper: randomBytes(32).toString('base64'),
    dataKek: randomBytes(32).toString('base64'),
    apiKey: null,
  }
  saveSecrets(paths, secrets)
  return secrets
}

export function saveSecrets(paths: StatePaths, secrets: LocalSecrets): void {
  writeWhole(paths.secrets, `${JSON.stringify(secrets, null, 2)}\n`, 0o600)
}
