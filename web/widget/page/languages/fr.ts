import type { PageTexts } from './en.ts'

export const fr: PageTexts = {
  yourData: 'Vos données',
  kept: 'Ce que nous conservons sur vous pour cette boutique :',
  keptPoints: 'chaque mouvement de vos points, avec le numéro et les montants de sa commande',
  keptCodes: 'vos codes et ce qu’ils valaient',
  keptProfile: 'le numéro sous lequel la boutique vous connaît, et votre adresse e-mail, chiffrée',
  notKept: 'Ni votre nom, ni votre adresse, ni vos achats, ni vos moyens de paiement.',
  erase: 'Pour les faire corriger ou effacer, adressez-vous à la boutique.',
  download: 'Télécharger mes données',
  preparing: 'Collecte de vos données…',
  ready: 'Vos données sont dans vos téléchargements.',
  failed: 'Vos données n’ont pas pu être collectées. Réessayez.',
}
