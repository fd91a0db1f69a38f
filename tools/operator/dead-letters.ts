import type { z } from 'zod'
import { DeadLetter, DeadLettersPage } from '../../domain/contracts/operations/admin-core.ts'
import { parseCommand, runCommand } from './api.ts'

const HELP = `Messages that LoyalNest gave up on.

  npm run dead-letters -- list [waiting|replayed]   newest first
  npm run dead-letters -- replay <id> [<id> …]      puts them back on their queue; "all": each that waits

Means the system that npm start runs here, or --app https://… with --api-key ln_… (or LOYALNEST_API_KEY).
The key needs operations:read, and operations:write to replay.`

await runCommand(async () => {
  if (process.argv.slice(2).every((word) => word === '--help')) return console.log(HELP)
  const { words, api } = parseCommand(process.argv.slice(2))
  const [command, ...rest] = words
  const list = async (state: string | undefined) => {
    const letters = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = new URLSearchParams({ limit: '100' })
      if (state !== undefined) query.set('state', state)
      if (cursor !== '') query.set('cursor', cursor)
      const page: z.infer<typeof DeadLettersPage> = await api.call(
        'GET',
        `/admin/v1/dead-letters?${query}`,
        DeadLettersPage,
      )
      letters.push(...page.dead_letters)
      cursor = page.next_cursor
    }
    return letters
  }
  if (command === 'list') {
    const letters = await list(rest[0])
    for (const { id, queue, received_at, state, attempts, summary, reason } of letters) {
      console.log(`${id}  ${received_at}  ${state}  ${queue}  ${summary}\n    after ${attempts} attempts: ${reason}`)
    }
    return console.log(letters.length === 0 ? 'No dead letters.' : `${letters.length} dead letters.`)
  }
  if (command !== 'replay' || rest.length === 0) throw new Error(HELP)
  const ids = rest[0] === 'all' ? (await list('waiting')).map(({ id }) => id) : rest
  for (const id of ids) {
    await api.call('POST', `/admin/v1/dead-letters/${encodeURIComponent(id)}/replay`, DeadLetter)
    console.log(`${id} is on its queue again.`)
  }
  if (ids.length === 0) console.log('Nothing waits.')
})
