import { PageElement } from './page-element.ts'

/** The bundle of the shopper's own page. Loading it twice is harmless: the first one stays. */
if (!customElements.get('loyalnest-page')) customElements.define('loyalnest-page', PageElement)
