import type { PageTexts } from './en.ts'

export const ja: PageTexts = {
  yourData: 'あなたのデータ',
  kept: 'このショップのために保管しているお客様のデータ：',
  keptPoints: 'ポイントの増減すべてと、その注文の番号と金額',
  keptCodes: 'コードとその価値',
  keptProfile: 'ショップでのお客様番号と、暗号化されたメールアドレス',
  notKept: 'お名前、ご住所、購入された商品、お支払い方法は保管していません。',
  erase: '訂正や消去をご希望の場合は、ショップへお問い合わせください。',
  download: 'データをダウンロード',
  preparing: 'データを集めています…',
  ready: 'データをダウンロードしました。',
  failed: 'データを集められませんでした。もう一度お試しください。',
}
