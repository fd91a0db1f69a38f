import type { ShopperLanguage } from '../../domain/contracts/text.ts'

interface CustomerTexts {
  readonly title: string
  readonly why: string
  readonly label: string
  readonly go: string
  readonly hint: string
  readonly unknown: string
}

/** What the page at `/customer` says, to shoppers who do not come from their shop. */
export const CUSTOMER_TEXTS: Readonly<Record<ShopperLanguage, CustomerTexts>> = {
  en: {
    title: 'Your points',
    why: 'Your points, rewards and codes are kept for the shop where you collected them, and only that shop knows that you are you. Tell us which one it is, and we take you to your page there.',
    label: 'Address of the shop',
    go: 'Go to my page',
    hint: 'You find it in the address bar when you visit the shop, or in the e-mail about your order.',
    unknown: 'No shop with this address uses LoyalNest. Check the spelling, or ask the shop.',
  },
  de: {
    title: 'Ihre Punkte',
    why: 'Ihre Punkte, Prämien und Codes liegen bei dem Shop, in dem Sie sie gesammelt haben, und nur dieser Shop weiß, wer Sie sind. Sagen Sie uns, welcher es ist, und wir bringen Sie zu Ihrer Seite dort.',
    label: 'Adresse des Shops',
    go: 'Zu meiner Seite',
    hint: 'Sie steht in der Adresszeile, wenn Sie den Shop besuchen, oder in der E-Mail zu Ihrer Bestellung.',
    unknown: 'Unter dieser Adresse nutzt kein Shop LoyalNest. Prüfen Sie die Schreibweise oder fragen Sie den Shop.',
  },
  fr: {
    title: 'Vos points',
    why: 'Vos points, récompenses et codes sont conservés pour la boutique où vous les avez obtenus, et elle seule sait qui vous êtes. Indiquez-nous laquelle, et nous vous menons à votre page.',
    label: 'Adresse de la boutique',
    go: 'Aller à ma page',
    hint: 'Elle figure dans la barre d’adresse de la boutique, ou dans l’e-mail de votre commande.',
    unknown: 'Aucune boutique à cette adresse n’utilise LoyalNest. Vérifiez l’orthographe ou demandez à la boutique.',
  },
  es: {
    title: 'Sus puntos',
    why: 'Sus puntos, recompensas y códigos se guardan para la tienda donde los consiguió, y solo esa tienda sabe quién es usted. Díganos cuál es y le llevamos a su página.',
    label: 'Dirección de la tienda',
    go: 'Ir a mi página',
    hint: 'La encuentra en la barra de direcciones al visitar la tienda, o en el correo de su pedido.',
    unknown: 'Ninguna tienda con esta dirección usa LoyalNest. Revise cómo está escrita o pregunte a la tienda.',
  },
  pt: {
    title: 'Seus pontos',
    why: 'Seus pontos, recompensas e códigos ficam guardados na loja onde você os juntou, e só essa loja sabe quem você é. Diga-nos qual é, e levamos você até a sua página.',
    label: 'Endereço da loja',
    go: 'Ir para a minha página',
    hint: 'Ele aparece na barra de endereço quando você visita a loja, ou no e-mail do seu pedido.',
    unknown: 'Nenhuma loja com este endereço usa o LoyalNest. Confira a grafia ou pergunte à loja.',
  },
  ja: {
    title: 'あなたのポイント',
    why: 'ポイント、特典、コードは、貯めたショップごとに保管されています。あなたがどなたかを知っているのはそのショップだけです。ショップを教えていただければ、そこにあるあなたのページへご案内します。',
    label: 'ショップのアドレス',
    go: '自分のページへ',
    hint: 'ショップを開いたときのアドレスバー、またはご注文のメールに記載されています。',
    unknown:
      'このアドレスのショップは LoyalNest を利用していません。つづりをご確認いただくか、ショップにお問い合わせください。',
  },
  ar: {
    title: 'نقاطك',
    why: 'نقاطك ومكافآتك ورموزك محفوظة لدى المتجر الذي جمعتها فيه، وهو وحده يعرف من أنت. أخبرنا أي متجر هو، وسنأخذك إلى صفحتك فيه.',
    label: 'عنوان المتجر',
    go: 'إلى صفحتي',
    hint: 'تجده في شريط العنوان عند زيارة المتجر، أو في رسالة طلبك.',
    unknown: 'لا يوجد متجر بهذا العنوان يستخدم LoyalNest. تحقق من الكتابة أو اسأل المتجر.',
  },
  he: {
    title: 'הנקודות שלך',
    why: 'הנקודות, ההטבות והקודים נשמרים אצל החנות שבה נצברו, ורק היא יודעת מי את או אתה. ספרו לנו איזו חנות זו, וניקח אתכם לעמוד שלכם שם.',
    label: 'כתובת החנות',
    go: 'לעמוד שלי',
    hint: 'היא מופיעה בשורת הכתובת כשמבקרים בחנות, או בהודעה על ההזמנה.',
    unknown: 'אין חנות בכתובת הזו שמשתמשת ב־LoyalNest. בדקו את האיות או שאלו את החנות.',
  },
}
