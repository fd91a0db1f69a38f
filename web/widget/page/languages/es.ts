import type { PageTexts } from './en.ts'

export const es: PageTexts = {
  yourData: 'Sus datos',
  kept: 'Lo que guardamos sobre usted para esta tienda:',
  keptPoints: 'cada movimiento de sus puntos, con el número y los importes de su pedido',
  keptCodes: 'sus códigos y lo que valían',
  keptProfile: 'el número con el que la tienda le conoce y su correo electrónico, cifrado',
  notKept: 'Ni su nombre, ni su dirección, ni lo que compró, ni cómo pagó.',
  erase: 'Para corregirlos o borrarlos, diríjase a la tienda.',
  download: 'Descargar mis datos',
  preparing: 'Reuniendo sus datos…',
  ready: 'Sus datos están en sus descargas.',
  failed: 'No se pudieron reunir sus datos. Inténtelo de nuevo.',
}
