import { createHash } from 'node:crypto'
import { type RewardInput, RewardsPage } from '../../domain/contracts/rewards.ts'

/** A product of the demo shop that a reward gives away. */
export interface FreeProduct {
  readonly title: string
  /** gid://shopify/ProductVariant/… */
  readonly variantGids: readonly string[]
}

type Seed = Partial<RewardInput> & Pick<RewardInput, 'title' | 'value' | 'cost'>

/** What a merchant might offer: one of each kind, within reach after an order or two. */
function demoRewards(free: FreeProduct): readonly Seed[] {
  return [
    {
      title: 'Free shipping',
      description: 'On your next order',
      position: 10,
      value: { type: 'free_shipping' },
      cost: { kind: 'fixed', points: 150 },
      code_prefix: 'SHIP',
      code_valid_days: 60,
      points_back: { expired: true, cancelled: true },
      translations: {
        de: { title: 'Gratisversand', description: 'Für deine nächste Bestellung' },
        fr: { title: 'Livraison offerte', description: 'Sur votre prochaine commande' },
        es: { title: 'Envío gratis', description: 'En tu próximo pedido' },
        pt: { title: 'Frete grátis', description: 'No seu próximo pedido' },
        ja: { title: '送料無料', description: '次回のご注文で' },
        ar: { title: 'شحن مجاني', description: 'على طلبك القادم' },
        he: { title: 'משלוח חינם', description: 'בהזמנה הבאה שלך' },
      },
    },
    {
      title: '5 € off',
      description: null,
      position: 20,
      value: { type: 'amount_off', amount: '5.00' },
      cost: { kind: 'fixed', points: 250 },
      code_prefix: 'LOYAL',
      translations: {
        de: { title: '5 € Rabatt', description: null },
        fr: { title: '5 € de remise', description: null },
        es: { title: '5 € de descuento', description: null },
        pt: { title: '5 € de desconto', description: null },
        ja: { title: '5ユーロ割引', description: null },
        ar: { title: 'خصم 5 يورو', description: null },
        he: { title: '5 אירו הנחה', description: null },
      },
    },
    {
      title: 'Pay with points',
      description: '100 points are 1 €, up to half of your goods',
      position: 30,
      value: { type: 'amount_off', amount: '1.00' },
      cost: { kind: 'sliding', step_points: 100, min_steps: 1, max_steps: null },
      conditions: { minimum_spend: null, collection_ids: [], max_share_percent: 50 },
      translations: {
        de: { title: 'Mit Punkten zahlen', description: '100 Punkte sind 1 €, bis zur Hälfte deiner Waren' },
        fr: { title: 'Payer en points', description: '100 points valent 1 €, jusqu’à la moitié de vos articles' },
        es: { title: 'Pagar con puntos', description: '100 puntos son 1 €, hasta la mitad de tus artículos' },
        pt: { title: 'Pagar com pontos', description: '100 pontos valem 1 €, até metade dos seus produtos' },
        ja: { title: 'ポイントで支払う', description: '100ポイント＝1ユーロ、商品代金の半額まで' },
        ar: { title: 'ادفع بالنقاط', description: 'كل 100 نقطة تساوي 1 يورو، حتى نصف قيمة مشترياتك' },
        he: { title: 'תשלום בנקודות', description: '100 נקודות הן 1 אירו, עד מחצית ממחיר המוצרים' },
      },
    },
    {
      title: '10 % off',
      description: 'On orders from 40 €',
      position: 40,
      value: { type: 'percent_off', percent: 10 },
      cost: { kind: 'fixed', points: 400 },
      conditions: { minimum_spend: '40.00', collection_ids: [], max_share_percent: null },
      translations: {
        de: { title: '10 % Rabatt', description: 'Auf Bestellungen ab 40 €' },
        fr: { title: '10 % de remise', description: 'Sur les commandes dès 40 €' },
        es: { title: '10 % de descuento', description: 'En pedidos desde 40 €' },
        pt: { title: '10% de desconto', description: 'Em pedidos a partir de 40 €' },
        ja: { title: '10％割引', description: '40ユーロ以上のご注文で' },
        ar: { title: 'خصم 10٪', description: 'على الطلبات من 40 يورو' },
        he: { title: '10% הנחה', description: 'בהזמנות מ-40 אירו' },
      },
    },
    {
      title: `Free: ${free.title}`,
      description: 'Put it into the cart, then apply the code',
      position: 50,
      value: { type: 'free_product', variant_ids: [...free.variantGids] },
      cost: { kind: 'fixed', points: 600 },
      limit_per_customer: 1,
      translations: {
        de: { title: `Gratis: ${free.title}`, description: 'Leg es in den Warenkorb und löse den Code ein' },
        fr: { title: `Offert : ${free.title}`, description: 'Ajoutez-le au panier, puis appliquez le code' },
        es: { title: `Gratis: ${free.title}`, description: 'Añádelo al carrito y aplica el código' },
        pt: { title: `Grátis: ${free.title}`, description: 'Coloque no carrinho e aplique o código' },
        ja: { title: `無料：${free.title}`, description: 'カートに入れてコードを適用' },
        ar: { title: `مجانًا: ${free.title}`, description: 'أضفه إلى السلة ثم طبّق الرمز' },
        he: { title: `חינם: ${free.title}`, description: 'הוסיפו לעגלה והחילו את הקוד' },
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
