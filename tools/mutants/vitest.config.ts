import { defineConfig } from 'vitest/config'

/**
 * The tests that mutants are tried on, by hand or by Stryker: the rules' examples. Not the random stories: they are slow,
 * and what only they notice wants an example of its own.
 */
export default defineConfig({
  test: {
    include: ['domain/{ledger,earning}/*.test.ts'],
    exclude: ['**/*properties.test.ts'],
    isolate: false,
  },
})
