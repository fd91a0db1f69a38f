import type { Context } from 'hono'
import { z } from 'zod'

/** The text fields of a posted form; of a repeated one the last. Files are ignored. */
export async function formOf(c: Context): Promise<Record<string, string>> {
  const body = await c.req.parseBody()
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  )
}

/** An e-mail address as the shop stores it. */
export const Email = z.string().trim().toLowerCase().pipe(z.email().max(120))
/** A line of text that must say something. */
export const Line = z.string().trim().min(1).max(120)
