import type { PageTexts } from './en.ts'

export const pt: PageTexts = {
  yourData: 'Seus dados',
  kept: 'O que guardamos sobre você para esta loja:',
  keptPoints: 'cada movimento dos seus pontos, com o número e os valores do pedido',
  keptCodes: 'seus códigos e quanto valiam',
  keptProfile: 'o número pelo qual a loja conhece você e seu e-mail, criptografado',
  notKept: 'Nem seu nome, nem seu endereço, nem o que você comprou, nem como pagou.',
  erase: 'Para corrigi-los ou apagá-los, fale com a loja.',
  download: 'Baixar meus dados',
  preparing: 'Reunindo seus dados…',
  ready: 'Seus dados estão nos seus downloads.',
  failed: 'Não foi possível reunir seus dados. Tente de novo.',
}
