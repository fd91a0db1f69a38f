// Starts Swagger UI on our own document. A file of its own, because the page's policy allows no inline script.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  // With deep links each operation's button would hold a link: nested controls, which screen readers trip over.
  deepLinking: false,
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  docExpansion: 'list',
  filter: false,
  operationsSorter: undefined,
  persistAuthorization: false,
  syntaxHighlight: { theme: 'monokai' },
  tryItOutEnabled: true,
  validatorUrl: null,
  withCredentials: false,
})

/** What Swagger UI leaves unnamed, by selector: attributes that make it readable without eyes and without a mouse. */
const MENDED = {
  '.information-container': { role: 'region', 'aria-label': 'About this API' },
  '.scheme-container': { role: 'region', 'aria-label': 'Server and keys' },
  'h3.opblock-tag': { 'aria-level': '2' },
  '.opblock-body h4': { 'aria-level': '3' },
  '.opblock-body h5': { 'aria-level': '4' },
  '#servers': { 'aria-label': 'Server' },
  '.examples-select-element': { 'aria-label': 'Example' },
  '.body-param__text': { 'aria-label': 'Request body' },
  'select.content-type, .content-type-wrapper select': { 'aria-label': 'Content type' },
  '.opblock-body pre': { tabindex: '0' },
}

const docs = document.getElementById('docs')
function mend() {
  for (const [selector, attributes] of Object.entries(MENDED)) {
    for (const element of docs.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) {
        if (element.getAttribute(name) !== value) element.setAttribute(name, value)
      }
    }
  }
}
new MutationObserver(mend).observe(docs, { childList: true, subtree: true })
mend()
