/** The widget's whole style. Logical properties only, so that it is right in both directions of writing. */
export const STYLE = `
:host {
  --accent: var(--loyalnest-accent, #b4552d);
  --surface: var(--loyalnest-surface, #fff);
  --text: var(--loyalnest-text, #2a2420);
  display: inline-block; position: relative; max-inline-size: 100%; font: inherit; color: var(--text);
}
:host([hidden]) { display: none }
.balance {
  display: inline-flex; align-items: center; gap: .4em; min-block-size: 2.75em; padding-inline: 1.05em;
  border: 1px solid color-mix(in srgb, var(--text) 16%, transparent); border-radius: 9em;
  background: var(--surface); color: inherit; text-decoration: none; white-space: nowrap; line-height: 1.2;
}
.balance::before {
  content: ""; inline-size: .6em; block-size: .6em; border-radius: 50%; background: var(--accent); flex: none;
}
a[href]:hover { border-color: var(--accent) }
a[href]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.text { white-space: normal; text-wrap: balance }
.number { font-weight: 700; font-variant-numeric: tabular-nums }
.number:empty { display: none }
:host([data-state=connecting]) .balance::before, :host([data-state=offline]) .balance::before {
  background: none; box-shadow: inset 0 0 0 2px color-mix(in srgb, var(--text) 55%, transparent);
}
.change {
  position: absolute; inset-block-start: calc(100% + .4em); inset-inline-end: 0; z-index: 9;
  padding: .3em .8em; border-radius: 9em; white-space: nowrap; pointer-events: none;
  background: #1d6b45; color: #fff; font-weight: 700; opacity: 0; transform: translateY(-.5em);
}
.change.down { background: #5b524b }
.change.shown { opacity: 1; transform: none }
.live { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%) }
@media (prefers-color-scheme: dark) {
  :host {
    --accent: var(--loyalnest-accent, #f0a37c); --surface: var(--loyalnest-surface, #241f1c);
    --text: var(--loyalnest-text, #f3ece6);
  }
}
@media (prefers-reduced-motion: no-preference) {
  .change { transition: opacity .35s, transform .35s cubic-bezier(.2, 1.4, .5, 1) }
}
`
