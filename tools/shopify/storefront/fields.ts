import { html } from 'hono/html'
import type { Html } from './layout.ts'

export interface FieldOptions {
  readonly type?: 'text' | 'email'
  readonly value?: string
  readonly autocomplete?: string
  readonly error?: string
}

/** A labelled text field; an error is tied to it. */
export function field(name: string, label: string, options: FieldOptions = {}): Html {
  const error = options.error
  return html`<p class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${options.type ?? 'text'}"
      value="${options.value ?? ''}"
      autocomplete="${options.autocomplete ?? 'off'}"
      maxlength="120"
      required
      ${error === undefined ? '' : html`aria-invalid="true" aria-describedby="${name}-error"`}
    />
    ${error === undefined ? '' : html`<span class="error" id="${name}-error">${error}</span>`}
  </p>`
}

export interface Choice {
  readonly value: string
  readonly label: Html | string
  readonly aside?: string
  /** `data-` attributes for the theme's script, such as a variant's price. */
  readonly data?: Readonly<Record<string, string>>
}

/** A group of radio buttons; the first is chosen, or the one of value `chosen`. */
export function choices(name: string, legend: string, options: readonly Choice[], chosen?: string): Html {
  const at = Math.max(
    0,
    options.findIndex((option) => option.value === chosen),
  )
  return html`<fieldset class="choices">
    <legend>${legend}</legend>
    ${options.map(
      (option, index) =>
        html`<label class="choice">
          <input
            type="radio"
            name="${name}"
            value="${option.value}"
            ${Object.entries(option.data ?? {}).map(([key, value]) => html`data-${key}="${value}" `)}
            ${index === at ? 'checked' : ''}
          />
          <span>${option.label}</span>
          ${option.aside === undefined ? '' : html`<span class="aside">${option.aside}</span>`}
        </label>`,
    )}
  </fieldset>`
}
