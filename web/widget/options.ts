import type { Texts } from './languages/en.ts'
import type { Store } from './store.ts'
import { type Voice, languageOf, voiceOf } from './voice.ts'

/** An option of an element: its attribute, with `data-` or without; null: not given. */
export function option(element: Element, name: string): string | null {
  return element.getAttribute(`data-${name}`) ?? element.getAttribute(name)
}

const loading = new Map<string, Promise<Texts>>()

/** The texts of a language that is not in the bundle: from the app, or from where the theme says. */
async function textsOf(element: Element, language: string, { session }: Store): Promise<Texts> {
  const base = option(element, 'languages') ?? `${(await session.current()).app}/widget/lang/`
  return (await fetch(`${base}${language}.json`)).json()
}

/** The voice of the language around an element. English where its file does not come. */
export async function voiceFor(element: Element, store: Store): Promise<Voice> {
  const tag = option(element, 'lang') || element.closest('[lang]')?.getAttribute('lang') || navigator.language
  const language = languageOf(tag)
  if (language === 'en') return voiceOf()
  const texts = loading.get(language) ?? textsOf(element, language, store)
  loading.set(language, texts)
  return voiceOf(await texts.catch(() => undefined))
}
