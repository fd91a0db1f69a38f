import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const CHAOS = ['tools/chaos/*.e2e.test.ts', 'tools/e2e/kill.e2e.test.ts']

/**
 * Four projects: `unit` (*.test.ts, Node), `workers` (*.workers.test.ts, in workerd), `e2e` (*.e2e.test.ts, the whole
 * stack as `npm start` runs it, with a real browser), `chaos` (those of them that kill stacks of their own).
 */
export default defineConfig({
  test: {
    // Most tests in workerd wait: for queues, alarms, leases.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/*.workers.test.ts', '**/*.e2e.test.ts', 'node_modules/**', 'dist/**'],
          globalSetup: ['./tools/testing/functions.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              cf: false,
              bindings: {
                SHOPIFY_CLIENT_SECRETS: 'test-secret,previous-test-secret',
                TOKEN_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
                API_KEY_PEPPER: Buffer.alloc(32, 2).toString('base64'),
                DATA_KEK: Buffer.alloc(32, 3).toString('base64'),
                DATABASE_URL: inject('databaseUrl'),
                NEON_PROXY: inject('neonProxy'),
                SHOPIFY_PROXY: inject('shopifyProxy'),
              },
            },
          })),
        ],
        test: {
          name: 'workers',
          include: ['**/*.workers.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          globalSetup: ['./tools/testing/functions.ts', './tools/testing/database.ts', './tools/testing/shopify.ts'],
          setupFiles: ['./tools/testing/d1.workers.ts'],
          testTimeout: 15_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: [...CHAOS, 'node_modules/**', 'dist/**'],
          globalSetup: ['./tools/testing/stack.ts'],
          // After all others, which would slow it down: one stack and one browser for all files, one file at a time.
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'chaos', include: CHAOS, sequence: { groupOrder: 2 }, fileParallelism: false } },
    ],
  },
})
