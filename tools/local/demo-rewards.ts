import { createHash } from 'node:crypto'
import { type RewardInput, RewardsPage } from '../../domain/contracts/rewards.ts'
import { type Text, inLocale } from '../shopify/catalog.ts'

/** A product of the demo shop that a reward gives away. */
export interface FreeProduct {
  readonly title: Text
  /** gid://shopify/ProductVariant/… */
  readonly variantGids: readonly string[]
}

type Seed = Partial<RewardInput> & Pick<RewardInput, 'title' | 'value' | 'cost'>

/**
 * What a merchant might offer: one of each kind, within reach after an order or two. Titles that are names: what a code is
 * worth and needs, the widget says itself.
 */
function demoRewards(free: FreeProduct): readonly Seed[] {
  return [
    {
      title: 'Straight to your door',
      description: null,
      position: 10,
      value: { type: 'free_shipping' },
      cost: { kind: 'fixed', points: 150 },
      code_prefix: 'SHIP',
      code_valid_days: 60,
      points_back: { expired: true, cancelled: true },
      translations: {
        de: { title: 'Bis vor deine Tür', description: null },
        fr: { title: 'Jusqu’à votre porte', description: null },
        es: { title: 'Hasta tu puerta', description: null },
        pt: { title: 'Até à sua porta', description: null },
        ja: { title: 'ご自宅までお届け', description: null },
        ar: { title: 'إلى باب بيتك', description: null },
        he: { title: 'עד פתח הבית', description: null },
      },
    },
    {
      title: 'A cup of tea on us',
      description: null,
      position: 20,
      value: { type: 'amount_off', amount: '5.00' },
      cost: { kind: 'fixed', points: 250 },
      code_prefix: 'LOYAL',
      translations: {
        de: { title: 'Eine Tasse Tee von uns', description: null },
        fr: { title: 'Une tasse de thé offerte', description: null },
        es: { title: 'Una taza de té de nuestra parte', description: null },
        pt: { title: 'Uma xícara de chá por nossa conta', description: null },
        ja: { title: 'お茶を一杯どうぞ', description: null },
        ar: { title: 'كوب شاي على حسابنا', description: null },
        he: { title: 'כוס תה עלינו', description: null },
      },
    },
    {
      title: 'Pay with points',
      description: 'Every 100 points are €1',
      position: 30,
      value: { type: 'amount_off', amount: '1.00' },
      cost: { kind: 'sliding', step_points: 100, min_steps: 1, max_steps: null },
      conditions: { minimum_spend: null, collection_ids: [], max_share_percent: 50 },
      translations: {
        de: { title: 'Mit Punkten zahlen', description: 'Je 100 Punkte sind 1 €' },
        fr: { title: 'Payer en points', description: '100 points valent 1 €' },
        es: { title: 'Pagar con puntos', description: 'Cada 100 puntos son 1 €' },
        pt: { title: 'Pagar com pontos', description: 'Cada 100 pontos valem 1 €' },
        ja: { title: 'ポイントで支払う', description: '100ポイント＝1ユーロ' },
        ar: { title: 'ادفع بالنقاط', description: 'كل 100 نقطة تساوي 1 يورو' },
        he: { title: 'תשלום בנקודות', description: 'כל 100 נקודות הן 1 אירו' },
      },
    },
    {
      title: 'For a full table',
      description: null,
      position: 40,
      value: { type: 'percent_off', percent: 10 },
      cost: { kind: 'fixed', points: 400 },
      conditions: { minimum_spend: '40.00', collection_ids: [], max_share_percent: null },
      translations: {
        de: { title: 'Für einen gedeckten Tisch', description: null },
        fr: { title: 'Pour une belle table', description: null },
        es: { title: 'Para una mesa llena', description: null },
        pt: { title: 'Para uma mesa farta', description: null },
        ja: { title: '食卓をととのえる日に', description: null },
        ar: { title: 'لمائدة عامرة', description: null },
        he: { title: 'לשולחן ערוך', description: null },
      },
    },
    {
      title: free.title.en,
      description: 'Put it into the cart, then apply the code',
      position: 50,
      value: { type: 'free_product', variant_ids: [...free.variantGids] },
      cost: { kind: 'fixed', points: 600 },
      limit_per_customer: 1,
      translations: {
        de: { title: inLocale(free.title, 'de'), description: 'Leg es in den Warenkorb und löse den Code ein' },
        fr: { title: inLocale(free.title, 'fr'), description: 'Ajoutez-le au panier, puis appliquez le code' },
        es: { title: inLocale(free.title, 'es'), description: 'Añádelo al carrito y aplica el código' },
        pt: { title: inLocale(free.title, 'pt'), description: 'Coloque no carrinho e aplique o código' },
        ja: { title: inLocale(free.title, 'ja'), description: 'カートに入れてコードを適用' },
        ar: { title: inLocale(free.title, 'ar'), description: 'أضفه إلى السلة ثم طبّق الرمز' },
        he: { title: inLocale(free.title, 'he'), description: 'הוסיפו לעגלה והחילו את הקוד' },
      },
    },
  ]
}

/**
 * Gives the demo shop its rewards through the public API, once: the keys are the same on every start, and a shop that
 * has rewards already, or had them archived, is left as it is.
 */
export async function seedDemoRewards(appOrigin: string, apiKey: string, free: FreeProduct): Promise<void> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const listed = await fetch(`${appOrigin}/v1/api/rewards?limit=1`, { headers })
  if (!listed.ok) throw new Error(`The demo shop's rewards cannot be read: ${listed.status}`)
  if (RewardsPage.parse(await listed.json()).rewards.length > 0) return
  for (const reward of demoRewards(free)) {
    const body = JSON.stringify(reward)
    const key = `demo-reward-${createHash('sha256').update(body).digest('hex').slice(0, 32)}`
    const created = await fetch(`${appOrigin}/v1/api/rewards`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': key },
      body,
    })
    if (!created.ok) throw new Error(`A reward of the demo shop was refused: ${await created.text()}`)
  }
}
