import type { Verdict } from './killers.ts'
import type { Mutant } from './mutant.ts'

/** The table in docs/mutants.md, between two marks; what is written around it stays. */

const BEGIN = '<!-- written by npm run mutants -- --write -->'
const END = '<!-- end -->'

function cell(verdict: Verdict | undefined): string {
  if (verdict === undefined || 'hung' in verdict) return '**it hangs**'
  return verdict.by ?? '**nothing**'
}

/** The document with the table of these verdicts. */
export function table(before: string, mutants: readonly Mutant[], verdicts: ReadonlyMap<Mutant, Verdict>): string {
  const rows = mutants.map((mutant) => `| ${mutant.name} | \`${mutant.file}\` | ${cell(verdicts.get(mutant))} |`)
  const text = [BEGIN, '', '| fault | file | noticed by |', '| --- | --- | --- |', ...rows, '', END].join('\n')
  const [head = '', rest = ''] = before.split(BEGIN)
  const [, tail = '\n'] = rest.split(END)
  return `${head}${text}${tail}`
}

function cells(text: string): string {
  return text.replaceAll(/[ -]+/g, ' ')
}

/** What the document says that noticed each mutant, by its name. */
export function readTable(document: string): ReadonlyMap<string, string> {
  const rows = document.split('\n').flatMap((line) => {
    const [, name, , by] = line.split('|').map((text) => text.trim())
    return name === undefined || by === undefined ? [] : [[name, by] as const]
  })
  return new Map(rows)
}

/** True if two documents say the same, however their columns are aligned. */
export function sameTable(a: string, b: string): boolean {
  return cells(a) === cells(b)
}
