import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { choosePorts, freePort, HOST, PortTakenError } from './ports.ts'
import { birthOf, know } from './processes.ts'
import { loadSecrets, saveSecrets } from './secrets.ts'
import { AlreadyRunningError, forgetStale, holdState, resetState, statePaths } from './state.ts'

const newState = () => statePaths(path.join(mkdtempSync(path.join(tmpdir(), 'loyalnest-state-')), 'state'))
const sleeper = () => spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])

/** What a stack leaves that was killed: its own pid is gone, one of its parts lives on. */
function abandonedBy(pid: number, born: string) {
  const paths = newState()
  mkdirSync(paths.dir)
  const processes = [
    { role: 'stack', pid: 1, born: 'long ago' },
    { role: 'workerd', pid, born },
  ]
  writeFileSync(paths.pids, JSON.stringify({ processes }))
  writeFileSync(paths.local, '{}')
  return paths
}

describe('a state', () => {
  it('is held by one stack at a time', async () => {
    const paths = newState()
    const other = sleeper()
    const known = know('stack', other.pid ?? 0)
    const hold = await holdState(paths)
    writeFileSync(paths.pids, JSON.stringify({ processes: [known] }))
    await expect(holdState(paths)).rejects.toThrow(AlreadyRunningError)
    await expect(resetState(paths)).rejects.toThrow(AlreadyRunningError)
    other.kill('SIGKILL')
    await once(other, 'exit')
    await expect(holdState(paths)).resolves.toBeDefined()
    hold.release()
  })

  it('is rid of what a killed stack left running, and of its local.json', async () => {
    const left = sleeper()
    const ended = once(left, 'exit')
    const paths = abandonedBy(left.pid ?? 0, birthOf(left.pid ?? 0) ?? '')
    forgetStale(paths)
    expect(existsSync(paths.local)).toBe(false)
    await holdState(paths)
    expect((await ended)[1]).toBe('SIGTERM')
  })

  it('leaves a stranger alone who got the same process number later', async () => {
    const stranger = sleeper()
    const paths = abandonedBy(stranger.pid ?? 0, 'another time')
    await holdState(paths)
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    stranger.kill('SIGKILL')
  })

  it('is all that a reset forgets: what else is in its folder stays', async () => {
    const paths = newState()
    mkdirSync(paths.postgres, { recursive: true })
    const letter = path.join(paths.dir, 'letter.txt')
    writeFileSync(letter, 'Dear …')
    await resetState(paths)
    expect(existsSync(paths.postgres)).toBe(false)
    expect(existsSync(letter)).toBe(true)
  })

  it('is forgotten by a reset', async () => {
    const paths = newState()
    const hold = await holdState(paths)
    hold.release()
    loadSecrets(paths)
    await resetState(paths)
    expect(existsSync(paths.dir)).toBe(false)
  })
})

describe('secrets', () => {
  it('are made once, kept, and nobody else may read them', async () => {
    const paths = newState()
    await holdState(paths)
    const secrets = loadSecrets(paths)
    expect(Buffer.from(secrets.dataKek, 'base64')).toHaveLength(32)
    saveSecrets(paths, { ...secrets, apiKey: 'ln_key' })
    expect(loadSecrets(paths)).toEqual({ ...secrets, apiKey: 'ln_key' })
    expect(statSync(paths.secrets).mode & 0o777).toBe(0o600)
  })
})

describe('ports', () => {
  it('are the one asked for and the next', async () => {
    // Another test may take the next one meanwhile.
    await vi.waitFor(async () => {
      const port = await freePort()
      expect(await choosePorts(port)).toEqual({ app: port, shopify: port + 1 })
    })
  })

  it('that are taken are named, with the option that helps', async () => {
    await vi.waitFor(async () => {
      const server = createServer().listen(0, HOST)
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      await expect(choosePorts(port)).rejects.toThrow(PortTakenError)
      await expect(choosePorts(port)).rejects.toThrow(`Port ${port} (for the app) is taken`)
      await expect(choosePorts(port - 1)).rejects.toThrow(`Port ${port} (for the Shopify stand-in) is taken`)
      server.close()
    })
  })
})
