import path from 'node:path'
import { build } from '../build.ts'

/** Global setup: the app's Functions are compiled, which the stand-in's checkout runs. Nothing happens if they are. */
export default async function setup(): Promise<void> {
  await build(path.resolve(import.meta.dirname, '../..'), { only: ['functions'] })
}
