/** What the shopper's own page says beside what the widget says. English is in its bundle; the others are files. */
export const en = {
  yourData: 'Your data',
  kept: 'What we keep about you for this shop:',
  keptPoints: 'each movement of your points, with the number and the amounts of its order',
  keptCodes: 'your codes and what they were worth',
  keptProfile: 'the number by which the shop knows you, and your e-mail address, encrypted',
  notKept: 'Not your name, your address, what you bought, or how you paid.',
  erase: 'To have it corrected or erased, ask the shop.',
  download: 'Download my data',
  preparing: 'Collecting your data…',
  ready: 'Your data is in your downloads.',
  failed: 'Your data could not be collected. Try again.',
}

/** The page's texts of one language: complete, or the build fails. */
export type PageTexts = { readonly [K in keyof typeof en]: string }
