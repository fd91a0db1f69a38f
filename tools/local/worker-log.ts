import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs'

/** Takes the Worker's log lines. */
export interface WorkerLog {
  write(level: string, message: string): void
  /** When the last line came, milliseconds since 1970; 0 if none did. */
  lastLineMs(): number
  readonly close: () => Promise<void>
}

const MAX_BYTES = 20_000_000

/** Log lines go to a file; errors also to `onError`. The file of an earlier run is kept until it is too long. */
export function openWorkerLog(file: string, onError: (message: string) => void): WorkerLog {
  if (existsSync(file) && statSync(file).size > MAX_BYTES) renameSync(file, `${file}.1`)
  const stream = createWriteStream(file, { flags: 'a' })
  let lastMs = 0
  return {
    write(level, message) {
      lastMs = Date.now()
      stream.write(`${message}\n`)
      if (level === 'error') onError(message)
    },
    lastLineMs: () => lastMs,
    close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      stream.end(resolve)
      return promise
    },
  }
}
