/**
 * The clock of a till. It may be wrong by years, so the server goes by what it can know: nothing that a device uploads
 * happened after it arrived, nor before the device had uploaded everything the last time.
 */

/** A clock that is off by more than this is flagged. */
export const SKEWED_MS = 5 * 60_000
/** A clock that is off by more than this says nothing: the time of arrival counts. */
export const IGNORED_MS = 24 * 3_600_000

/** Batches that come within this time of each other are pieces of one upload. */
const SAME_UPLOAD_MS = 5 * 60_000
/** No upload is longer. */
const UPLOAD_MS = 60 * 60_000

/** When an item happened, as far as the server believes it. */
export interface Believed {
  readonly effectiveAtMs: number
  readonly flag: 'ok' | 'skewed' | 'ignored'
}

/**
 * @param atMs by the device's clock; `skewMs` is to be added to it.
 * @param floorMs when the device had uploaded everything before.
 */
export function believedTime(atMs: number, skewMs: number, floorMs: number, receivedAtMs: number): Believed {
  const correctedMs = atMs + skewMs
  const withinMs = Math.min(Math.max(correctedMs, floorMs), receivedAtMs)
  const offMs = Math.max(Math.abs(skewMs), Math.abs(correctedMs - withinMs))
  if (offMs > IGNORED_MS) return { effectiveAtMs: receivedAtMs, flag: 'ignored' }
  return { effectiveAtMs: withinMs, flag: offMs > SKEWED_MS ? 'skewed' : 'ok' }
}

/** What the device's object knows of its uploads. */
export interface Uploads {
  /** When the device had uploaded everything before the present upload; null: it never had. */
  readonly floorMs: number | null
  /** When the present upload began. */
  readonly beganAtMs: number
  /** When a batch came last of which nothing had to wait; null: none has. */
  readonly completeAtMs: number | null
}

export const NO_UPLOADS: Uploads = { floorMs: null, beganAtMs: 0, completeAtMs: null }

/** As a batch arrives: a piece of the present upload leaves the floor where it is, so that pieces change no time. */
export function uploadsAt(uploads: Uploads, receivedAtMs: number): Uploads {
  const { completeAtMs, beganAtMs } = uploads
  if (completeAtMs === null) return uploads
  const isSame = receivedAtMs - completeAtMs <= SAME_UPLOAD_MS && receivedAtMs - beganAtMs <= UPLOAD_MS
  return isSame ? uploads : { floorMs: completeAtMs, beganAtMs: receivedAtMs, completeAtMs }
}

/** After a batch: one of which something has to wait did not empty the device. */
export function uploadsAfter(uploads: Uploads, receivedAtMs: number, isComplete: boolean): Uploads {
  if (!isComplete) return uploads
  const beganAtMs = uploads.completeAtMs === null ? receivedAtMs : uploads.beganAtMs
  return { ...uploads, beganAtMs, completeAtMs: receivedAtMs }
}

/** `2026-08-01T…Z`, or null for a year that ISO 8601 writes with more than four digits. */
export function isoTime(atMs: number): string | null {
  const year = new Date(atMs).getUTCFullYear()
  return year >= 0 && year <= 9999 ? new Date(atMs).toISOString() : null
}

/** The day in UTC, `2026-08-01`. */
export function utcDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
