import type { PageTexts } from './en.ts'

export const de: PageTexts = {
  yourData: 'Ihre Daten',
  kept: 'Was wir für diesen Shop über Sie aufbewahren:',
  keptPoints: 'jede Bewegung Ihrer Punkte, mit Nummer und Beträgen der Bestellung',
  keptCodes: 'Ihre Codes und was sie wert waren',
  keptProfile: 'die Nummer, unter der der Shop Sie kennt, und Ihre E-Mail-Adresse, verschlüsselt',
  notKept: 'Nicht Ihren Namen, nicht Ihre Anschrift, nicht was Sie gekauft und wie Sie bezahlt haben.',
  erase: 'Für eine Berichtigung oder Löschung wenden Sie sich an den Shop.',
  download: 'Meine Daten herunterladen',
  preparing: 'Ihre Daten werden zusammengestellt…',
  ready: 'Ihre Daten liegen in Ihren Downloads.',
  failed: 'Ihre Daten konnten nicht zusammengestellt werden. Versuchen Sie es noch einmal.',
}
