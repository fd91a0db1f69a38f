/** Who announces the balance: of several elements that show it a screen reader should hear one. */
let speaker: Element | undefined

/** True for the one element that may speak. The first that asks stays it as long as it is on the page. */
export function claimSpeech(element: Element): boolean {
  if (!speaker?.isConnected) speaker = element
  return speaker === element
}

export function releaseSpeech(element: Element): void {
  if (speaker === element) speaker = undefined
}
