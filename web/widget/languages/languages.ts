import type { ShopperLanguage } from '../../../domain/contracts/text.ts'
import { ar } from './ar.ts'
import { de } from './de.ts'
import { type Texts, en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { he } from './he.ts'
import { ja } from './ja.ts'
import { pt } from './pt.ts'

/** All languages, for the build and for tests: the bundle imports English only. */
export const LANGUAGES: Readonly<Record<ShopperLanguage, Texts>> = { en, de, fr, es, pt, ja, ar, he }
