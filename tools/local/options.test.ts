import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isNeon } from './database.ts'
import { parseOptions, UsageError } from './options.ts'

describe('the command line of npm start', () => {
  it('needs nothing', () => {
    expect(parseOptions([])).toEqual({ port: 8787, dir: path.resolve('.loyalnest'), direct: false, reset: false })
  })

  it('takes a port, a folder and two switches', () => {
    const options = parseOptions(['--port', '9000', '--dir', '/tmp/elsewhere', '--direct', '--reset'])
    expect(options).toEqual({ port: 9000, dir: path.resolve('/tmp/elsewhere'), direct: true, reset: true })
  })

  it.each([['--port', '-1'], ['--port', '65535'], ['--port', 'eighty'], ['--prot', '9000'], ['9000']])(
    'refuses %s %s',
    (...args) => {
      expect(() => parseOptions(args)).toThrow(UsageError)
    },
  )
})

describe('DATABASE_URL', () => {
  it.each([
    ['postgres://u:p@ep-cool-1.eu-central-1.aws.neon.tech/loyalnest', true],
    ['postgres://u:p@localhost:5432/loyalnest', false],
    ['postgres://u:p@neon.tech.example.com/loyalnest', false],
    ['postgres://u:neon.tech@db.example.com/neon.tech', false],
  ])('%s is of Neon: %s', (url, expected) => {
    expect(isNeon(url)).toBe(expected)
  })
})
