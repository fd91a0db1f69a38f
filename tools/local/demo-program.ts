import { createHash } from 'node:crypto'
import { type ProgramSettings, VersionedSettings } from '../../domain/contracts/settings.ts'

/** How the demo shop's program looks and what it calls itself: the colour is its theme's, the words are in every language. */
const DEMO_WIDGET: Partial<ProgramSettings['widget']> = {
  accent: '#a1431b',
  program_name: {
    en: 'The Kiln Club',
    de: 'Der Kiln Club',
    fr: 'Le Kiln Club',
    es: 'El Kiln Club',
    pt: 'O Kiln Club',
    ja: 'キルン・クラブ',
    ar: 'نادي كيلن',
    he: 'מועדון קילן',
  },
  welcome: {
    en: 'Every order earns points. Turn them into tea, tableware and free shipping.',
    de: 'Jede Bestellung bringt Punkte. Mach daraus Tee, Geschirr und Gratisversand.',
    fr: 'Chaque commande rapporte des points. Transformez-les en thé, en vaisselle et en livraison offerte.',
    es: 'Cada pedido suma puntos. Conviértelos en té, vajilla y envíos gratis.',
    pt: 'Cada pedido rende pontos. Troque-os por chá, louça e frete grátis.',
    ja: 'ご注文ごとにポイントがたまります。お茶や器、送料無料にお使いください。',
    ar: 'كل طلب يمنحك نقاطًا. حوّلها إلى شاي وأوانٍ وشحن مجاني.',
    he: 'כל הזמנה מזכה בנקודות. הפכו אותן לתה, לכלים ולמשלוח חינם.',
  },
}

/**
 * Sets up the demo shop's program through the public API, once: a shop whose settings were changed already, by this or by
 * a developer, is left as it is.
 */
export async function seedDemoProgram(appOrigin: string, apiKey: string): Promise<void> {
  const address = `${appOrigin}/v1/api/core/settings`
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const read = await fetch(address, { headers })
  if (!read.ok) throw new Error(`The demo shop's settings cannot be read: ${read.status}`)
  const { version, settings } = VersionedSettings.parse(await read.json())
  if (version > 1) return
  const widget = { ...settings.widget, ...DEMO_WIDGET }
  const body = JSON.stringify({ version, settings: { ...settings, widget } })
  const key = `demo-program-${createHash('sha256').update(body).digest('hex').slice(0, 32)}`
  const stored = await fetch(address, { method: 'PUT', headers: { ...headers, 'idempotency-key': key }, body })
  if (!stored.ok) throw new Error(`The demo shop's program was refused: ${await stored.text()}`)
}
