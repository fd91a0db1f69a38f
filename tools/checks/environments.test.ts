import path from 'node:path'
import { unstable_readConfig as readConfig } from 'wrangler'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

/** wrangler does not inherit bindings into environments: each must list all, and each must have resources of its own. */
const CONFIG = path.resolve(import.meta.dirname, '../../wrangler.toml')
const ENVIRONMENTS = ['dev', 'staging', 'production']

/** What of a configuration is compared; `resource` fields name things that no two environments share. */
const Compared = z.object({
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  observability: z.object({
    enabled: z.boolean(),
    // A request's address may carry a ticket or a customer's id, which belong into no log.
    logs: z.object({ enabled: z.literal(true), invocation_logs: z.literal(false) }),
  }),
  assets: z.object({
    directory: z.string(),
    binding: z.string(),
    run_worker_first: z.boolean(),
    not_found_handling: z.string(),
  }),
  secrets: z.object({ required: z.array(z.string()) }),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  migrations: z.array(z.looseObject({ tag: z.string(), new_sqlite_classes: z.array(z.string()).optional() })),
  vars: z.record(z.string(), z.string()),
  d1_databases: z.array(
    z.object({ binding: z.string(), database_name: z.string(), database_id: z.string(), migrations_dir: z.string() }),
  ),
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string() })),
  queues: z.object({
    producers: z.array(z.object({ binding: z.string(), queue: z.string() })),
    consumers: z.array(z.looseObject({ queue: z.string(), dead_letter_queue: z.string().optional() })),
  }),
  ratelimits: z.array(
    z.object({
      name: z.string(),
      namespace_id: z.string(),
      simple: z.object({ limit: z.number(), period: z.number() }),
    }),
  ),
  triggers: z.object({ crons: z.array(z.string()) }),
})
type Compared = z.infer<typeof Compared>

function load(environment?: string): Compared {
  const config: unknown = readConfig({ config: CONFIG, ...(environment !== undefined && { env: environment }) })
  return Compared.parse(config)
}

/** The same for every environment: names of resources and values of vars are left out, their order does not count. */
function shape({ d1_databases, kv_namespaces, queues, ratelimits, vars, ...rest }: Compared, worker: string) {
  const local = (queue: string) => queue.replace(`${worker}-`, '')
  return {
    ...rest,
    vars: Object.keys(vars).toSorted(),
    d1: d1_databases.map(({ binding, migrations_dir }) => ({ binding, migrations_dir })),
    kv: kv_namespaces.map(({ binding }) => binding),
    ratelimits: ratelimits.map(({ name, simple }) => ({ name, simple })),
    producers: queues.producers.map(({ binding, queue }) => ({ binding, queue: local(queue) })),
    consumers: queues.consumers.map(({ queue, dead_letter_queue, ...settings }) => ({
      ...settings,
      queue: local(queue),
      ...(dead_letter_queue !== undefined && { dead_letter_queue: local(dead_letter_queue) }),
    })),
  }
}

function resources({ d1_databases, kv_namespaces, queues, ratelimits }: Compared): string[] {
  return [
    ...d1_databases.flatMap(({ database_name, database_id }) => [database_name, database_id]),
    ...kv_namespaces.map(({ id }) => id),
    ...queues.consumers.map(({ queue }) => queue),
    ...ratelimits.map(({ namespace_id }) => namespace_id),
  ]
}

describe.each(ENVIRONMENTS)('the environment %s', (environment) => {
  const own = load(environment)

  it('has every binding, setting and cron of the top level', () => {
    expect(shape(own, `loyalnest-${environment}`)).toEqual(shape(load(), 'loyalnest'))
  })

  it('says its name', () => {
    expect(own.vars['ENVIRONMENT']).toBe(environment)
  })

  it('reaches Neon directly and names no local storefront', () => {
    expect(own.vars).toMatchObject({ NEON_PROXY: '', STOREFRONT_URL: '' })
  })
})

describe('all environments together', () => {
  it('share no resource', () => {
    const all = [load(), ...ENVIRONMENTS.map(load)].flatMap(resources)
    const twice = all.filter((name, index) => all.indexOf(name) !== index)
    expect(twice).toEqual([])
  })

  it('would be caught sharing one, or lacking one', () => {
    const top = load()
    const lacking = { ...top, kv_namespaces: [] }
    expect(shape(lacking, 'loyalnest')).not.toEqual(shape(top, 'loyalnest'))
    expect(resources(top)).toContain('loyalnest-webhooks')
  })

  it('consume every queue they produce to, and its dead letters', () => {
    const { queues } = load()
    const consumed = new Set(queues.consumers.map(({ queue }) => queue))
    const needed = [
      ...queues.producers.map(({ queue }) => queue),
      ...queues.consumers.flatMap(({ dead_letter_queue }) => dead_letter_queue ?? []),
    ]
    expect(needed.filter((queue) => !consumed.has(queue))).toEqual([])
  })
})
