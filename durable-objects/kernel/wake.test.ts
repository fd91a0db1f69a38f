import { describe, expect, it } from 'vitest'
import { earliestMs, Wake } from './wake.ts'

/** Storage with one alarm, which notes how often it is set. */
function fakeStorage(alarmMs: number | null = null) {
  const storage = {
    alarmMs,
    settings: 0,
    broken: false,
    getAlarm: async () => storage.alarmMs,
    setAlarm: async (atMs: number | Date) => {
      if (storage.broken) throw new Error('disk')
      storage.alarmMs = Number(atMs)
      storage.settings += 1
    },
  }
  return storage
}

describe('the one alarm for many timers', () => {
  it('rings for the earliest of them and is not set again for a later one', async () => {
    const storage = fakeStorage()
    const wake = new Wake(storage)
    await wake.noLaterThan(500)
    await wake.noLaterThan(900)
    await wake.noLaterThan(300)
    expect(storage).toMatchObject({ alarmMs: 300, settings: 2 })
  })

  it('is set anew once it rang', async () => {
    const storage = fakeStorage()
    const wake = new Wake(storage)
    await wake.noLaterThan(300)
    wake.rang()
    await wake.noLaterThan(900)
    expect(storage).toMatchObject({ alarmMs: 900, settings: 2 })
  })

  it('keeps one that an earlier instance set, unless it rings too late or is gone', async () => {
    const early = fakeStorage(100)
    await new Wake(early).ensure(500)
    expect(early).toMatchObject({ alarmMs: 100, settings: 0 })
    const late = fakeStorage(900)
    await new Wake(late).ensure(500)
    expect(late).toMatchObject({ alarmMs: 500, settings: 1 })
    const lost = fakeStorage()
    const wake = new Wake(lost)
    await wake.noLaterThan(400)
    lost.alarmMs = null
    await wake.ensure(500)
    expect(lost).toMatchObject({ alarmMs: 500, settings: 2 })
  })

  it('is not thought to be set when setting it failed', async () => {
    const storage = fakeStorage()
    const wake = new Wake(storage)
    storage.broken = true
    await expect(wake.noLaterThan(300)).rejects.toThrow('disk')
    storage.broken = false
    await wake.noLaterThan(300)
    expect(storage.alarmMs).toBe(300)
  })
})

it('the earliest of some times leaves out those that there are not', () => {
  expect(earliestMs(null, 7, 3, null)).toBe(3)
  expect(earliestMs(null, null)).toBeNull()
})
