import { readdirSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** Linux counts processor time in ticks of 10 ms (`getconf CLK_TCK` is 100 on every platform Linux supports today). */
const MS_PER_TICK = 10

/** User and system time that a process has used so far, in milliseconds. Linux only; 0 elsewhere. */
export function processCpuMs(pid: number): number {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? ''
    const fields = afterName.split(' ')
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK
  } catch {
    return 0
  }
}

/** The machine, for the heading of a table of results. */
export function machineName(): string {
  const [first] = cpus()
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

/** The workerd processes that this process started itself. Linux only; none elsewhere. */
export function ownWorkerds(): number[] {
  try {
    return readdirSync('/proc/self/task')
      .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' '))
      .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('workerd'))
      .map(Number)
  } catch {
    return []
  }
}
