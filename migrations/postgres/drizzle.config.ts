import { defineConfig } from 'drizzle-kit'

/** `npm run db:generate`. Only writes SQL: `tools/database/migrate.ts` applies it, because drizzle's own skips late files. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './migrations/postgres/schema.ts',
  out: './migrations/postgres',
  breakpoints: false,
  entities: { roles: false },
})
