import type { Mutant } from '../mutant.ts'
import { OF_COMMANDS } from './commands.ts'
import { OF_CORRECTIONS } from './corrections.ts'
import { OF_LOTS } from './lots.ts'
import { OF_MERGES } from './merges.ts'
import { OF_ORDERS } from './orders.ts'
import { OF_RULE } from './rule.ts'
import { OF_SHELL } from './shell.ts'
import { OF_TIME } from './time.ts'

export const MUTANTS: readonly Mutant[] = [
  ...OF_COMMANDS,
  ...OF_LOTS,
  ...OF_TIME,
  ...OF_ORDERS,
  ...OF_CORRECTIONS,
  ...OF_RULE,
  ...OF_MERGES,
  ...OF_SHELL,
]
