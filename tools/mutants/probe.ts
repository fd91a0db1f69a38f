import { planOf } from '../simulate/campaign.ts'
import { runEpoch } from '../simulate/epoch.ts'

/**
 * `node tools/mutants/probe.ts <worlds>`: simulates worlds until one breaks an invariant, and prints the names of the
 * invariants that are broken there as JSON; an empty list when all hold. It is bounded by its operations, not by a clock.
 */

const OPERATIONS = 800

function firstBroken(worlds: number): readonly string[] {
  for (let epoch = 0; epoch < worlds; epoch += 1) {
    const { violations } = runEpoch(planOf('mutants', epoch, OPERATIONS))
    if (violations.length > 0) return [...new Set(violations.map(({ invariant }) => invariant))]
  }
  return []
}

console.log(JSON.stringify(firstBroken(Number(process.argv[2]))))
