/**
 * A fault that a programmer might make, by hand: it changes one place. If none of the simulation, the unit tests and the
 * property tests notices it, they are too weak.
 */
export interface Mutant {
  /** What is wrong, in words. */
  readonly name: string
  readonly file: string
  /** Text that the file has exactly once. */
  readonly find: string
  readonly replace: string
}

/** A mutant of the domain. */
export function mutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, file: `domain/${file}`, find, replace }
}

/** A mutant of an account's shell, as the simulation has it: what memory and disk, relay and delivery do. */
export function shellMutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, file, find, replace }
}
