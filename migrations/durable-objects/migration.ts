/**
 * One step of an object's SQLite schema. Steps are numbered, run once in each object in order of their names, and are
 * never changed once released: name and hash are recorded in the object.
 */
export interface ObjectMigration {
  /** `0001_ledger`: four digits and a name. */
  readonly name: `${number}_${string}`
  /** Statements, separated by semicolons. Tables are STRICT. */
  readonly sql: string
}
