import type { Store } from './store.ts'
import { type Voice, languageOf, voiceOf } from './voice.ts'

/** An option of an element: its attribute, with `data-` or without; null: not given. */
export function option(element: Element, name: string): string | null {
  return element.getAttribute(`data-${name}`) ?? element.getAttribute(name)
}

/** The voice of the language around an element; its texts are a file of the app. English where that does not come. */
export async function voiceFor(element: Element, { session }: Store): Promise<Voice> {
  const language = languageOf(element.closest('[lang]')?.getAttribute('lang') || navigator.language)
  if (language === 'en') return voiceOf()
  try {
    const { app } = await session.current()
    const response = await fetch(`${app}/widget/lang/${language}.json`)
    return voiceOf(response.ok ? await response.json() : undefined)
  } catch {
    return voiceOf()
  }
}
