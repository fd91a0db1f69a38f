import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { z } from 'zod'

const Ready = z.object({ neonProxy: z.string(), databaseUrl: z.string(), pid: z.int(), postgresPid: z.int() })

async function serve(...options: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve.ts'), ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((ready, failed) => {
    createInterface(child.stdout).once('line', ready)
    child.once('exit', (code) => failed(new Error(`ended with code ${code}`)))
  })
  const ended = new Promise((done) => child.once('exit', done))
  return { child, ended, ready: Ready.parse(JSON.parse(line)) }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function query(neonProxy: string, databaseUrl: string, sql: string): Promise<unknown> {
  const response = await fetch(`http://${neonProxy}/sql`, {
    method: 'POST',
    headers: { 'neon-connection-string': databaseUrl },
    body: JSON.stringify({ query: sql }),
  })
  return response.json()
}

it('keeps its data, refuses a second owner, takes over from a killed one, and ends with its parent', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'loyalnest-test-'))
  chmodSync(parent, 0o755)
  const dir = join(parent, 'data')
  try {
    const killed = await serve('--dir', dir)
    await query(killed.ready.neonProxy, killed.ready.databaseUrl, 'create table kept (id int)')
    await expect(serve('--dir', dir)).rejects.toThrow('ended with code 1')
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(alive(killed.ready.postgresPid)).toBe(true)
    const next = await serve('--dir', dir)
    expect(alive(killed.ready.postgresPid)).toBe(false)
    const answer = await query(next.ready.neonProxy, next.ready.databaseUrl, 'select count(*) from kept')
    expect(answer).toMatchObject({ rows: [['0']] })
    next.child.stdin.end()
    expect(await next.ended).toBe(0)
    expect(alive(next.ready.postgresPid)).toBe(false)
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}, 60_000)
