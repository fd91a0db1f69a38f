import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { copyCore, mutate, removeCopy } from './copy.ts'
import { simulate, test, type Verdict } from './killers.ts'
import { MUTANTS } from './list/index.ts'
import type { Mutant } from './mutant.ts'
import { readTable, sameTable, table } from './table.ts'

/**
 * Puts each mutant into a copy of the core and looks for what notices it: first the simulation, then the unit and property
 * tests. `npm run mutants` fails if one survives, or if docs/mutants.md says otherwise; `-- --write` writes it anew;
 * `-- merge debt` tries only those with both words in their names.
 */

const DOCUMENT = path.resolve(import.meta.dirname, '../../docs/mutants.md')

/** @param known what noticed it before; if that is an example, it is asked first, and alone */
async function judge(copy: string, known: string | undefined): Promise<Verdict> {
  if (known?.includes('.test.ts') === true) {
    const verdict = await test(copy, known)
    if ('by' in verdict && verdict.by === known) return verdict
  }
  const verdict = await simulate(copy, known)
  return 'by' in verdict && verdict.by === null ? test(copy) : verdict
}

async function judgeMutant(copy: string, mutant: Mutant, known: string | undefined): Promise<Verdict> {
  const restore = mutate(copy, mutant)
  try {
    return await judge(copy, known)
  } catch (error) {
    throw new Error(`"${mutant.name}": ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    restore()
  }
}

function said(verdict: Verdict): string {
  if ('hung' in verdict) return 'HANGS'
  return verdict.by === null ? 'SURVIVES' : 'killed'
}

/** Judges all mutants, some at once; the healthy copy must pass first, or killing means nothing. */
async function judgeAll(
  mutants: readonly Mutant[],
  known: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<Mutant, Verdict>> {
  const verdicts = new Map<Mutant, Verdict>()
  const waiting = [...mutants]
  const copies = Array.from({ length: availableParallelism() }, (_, worker) => copyCore(String(worker)))
  const [healthy = ''] = copies
  const noticed = [await simulate(healthy), await test(healthy)].filter((verdict) => said(verdict) !== 'SURVIVES')
  if (noticed.length > 0) throw new Error(`Without any mutant all must be well: ${JSON.stringify(noticed)}`)
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const verdict = await judgeMutant(copy, mutant, known.get(mutant.name))
        verdicts.set(mutant, verdict)
        console.log(`${said(verdict).padEnd(9)} ${mutant.name} (${'by' in verdict ? verdict.by : mutant.file})`)
      }
    }),
  )
  copies.forEach(removeCopy)
  return verdicts
}

const { values, positionals } = parseArgs({ options: { write: { type: 'boolean' } }, allowPositionals: true })
const mutants = MUTANTS.filter(({ name }) => positionals.every((word) => name.includes(word)))
const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : ''
const verdicts = await judgeAll(mutants, readTable(before))
const killed = [...verdicts.values()].filter((verdict) => said(verdict) === 'killed').length
if (mutants.length === MUTANTS.length) {
  const after = table(before, MUTANTS, verdicts)
  if (values.write === true) writeFileSync(DOCUMENT, after)
  else if (!sameTable(before, after)) {
    console.error('docs/mutants.md says otherwise: npm run mutants -- --write')
    process.exitCode = 1
  }
}
if (killed < mutants.length) process.exitCode = 1
console.log(`${killed} of ${mutants.length} mutants killed`)
