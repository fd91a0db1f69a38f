import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyCore, mutate, removeCopy } from '../mutants/copy.ts'
import { OF_LOTS } from '../mutants/list/lots.ts'

interface Said {
  readonly code: number
  readonly text: string
}

function isFailure(error: unknown): error is { readonly code: number; readonly stdout: string } {
  return typeof error === 'object' && error !== null && 'code' in error && 'stdout' in error
}

/** `npm run simulate -- …` in a copy of the repository. */
async function simulate(copy: string, args: readonly string[]): Promise<Said> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['tools/simulate/main.ts', ...args], { cwd: copy })
    return { code: 0, text: stdout }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { code: error.code, text: error.stdout }
  }
}

describe('npm run simulate, with a ledger that takes the newest points first', { timeout: 120_000 }, () => {
  let copy = ''
  let said: Said
  beforeAll(async () => {
    copy = copyCore('planted')
    const lifo = OF_LOTS.find(({ name }) => name === 'LIFO')
    if (lifo === undefined) throw new Error('there is no such mutant')
    mutate(copy, lifo)
    said = await simulate(copy, ['--ops', '3000', '--seed', 'planted'])
  }, 120_000)
  afterAll(() => removeCopy(copy))

  it('fails and names the invariant, the seed and the world', () => {
    expect(said.code).toBe(1)
    expect(said.text).toMatch(/✗ 9 points are taken by FIFO: broken in \d/)
    expect(said.text).toMatch(/✓ 1 posted is the sum of entries\n/)
    expect(said.text).toMatch(/seed planted: .* 2 failures/)
    expect(said.text).toContain('Broken in epoch 0:')
  })

  it('finds a shorter story of the same, without the faults that it does not need', () => {
    const operations = Number(/Shrunk to (\d+) operations/.exec(said.text)?.[1])
    expect(operations).toBeLessThan(400)
    expect(said.text).toMatch(/--seed planted --epoch 0 --operations \d+( --without "[a-z ]+")+\n/)
  })

  it('tells how to see that story again, and it is the same each time', async () => {
    const [, command = ''] = /npm run simulate -- (--seed planted --epoch .*)\n/.exec(said.text) ?? []
    const args = command.match(/"[^"]+"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? []
    const [first, second] = [await simulate(copy, args), await simulate(copy, args)]
    expect(first.code).toBe(1)
    expect(first.text).toContain('9 points are taken by FIFO: ')
    expect(second).toEqual(first)
  })
})
