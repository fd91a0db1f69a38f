import { raw } from 'hono/html'
import type { Art, Tone } from '../catalog.ts'

/**
 * The shop's drawings. They take their colours from the theme's classes (`fill-glaze`, `fill-shade`, …), so that they
 * follow light and dark; `tone-*` on the svg chooses the glaze.
 */

const SHADOW = '<ellipse class="fill-ground" cx="120" cy="196" rx="74" ry="9"/>'

const DRAWINGS: Readonly<Record<Art, string>> = {
  mug: `${SHADOW}
    <path class="line-glaze" d="M158 100c34-8 46 10 40 34-6 22-26 32-46 28" stroke-width="13"/>
    <path class="fill-glaze" d="M66 78h96c3 44-2 84-14 110a10 10 0 0 1-9 6H89a10 10 0 0 1-9-6C68 162 63 122 66 78Z"/>
    <path class="fill-shade" d="M130 86h32c2 42-3 78-14 102a10 10 0 0 1-9 6h-26c16-30 20-68 17-108Z"/>
    <ellipse class="fill-rim" cx="114" cy="79" rx="48" ry="11"/><ellipse class="fill-deep" cx="114" cy="80" rx="39" ry="7"/>
    <path class="line-steam" d="M96 58c-8-12 8-16 0-30M120 54c-8-12 8-16 0-30" stroke-width="4"/>
    <path class="line-rim" d="M72 132c28 8 58 8 86 0" stroke-width="3"/>`,
  teapot: `${SHADOW}
    <path class="line-glaze" d="M176 106c36-10 50 12 40 36-7 18-24 24-40 22" stroke-width="11"/>
    <path class="fill-glaze" d="M66 142C38 142 30 112 18 100c-4-4 2-10 8-8 20 6 26 22 44 24Z"/>
    <path class="fill-glaze" d="M56 138c0-40 28-62 66-62s66 22 66 62c0 30-20 56-40 56H96c-20 0-40-26-40-56Z"/>
    <path class="fill-shade" d="M146 80c26 8 42 29 42 58 0 30-20 56-40 56h-26c30-20 44-72 24-114Z"/>
    <ellipse class="fill-rim" cx="122" cy="78" rx="38" ry="9"/>
    <path class="fill-glaze" d="M90 76c4-14 18-20 32-20s28 6 32 20c-20 6-44 6-64 0Z"/><circle class="fill-rim" cx="122" cy="51" r="9"/>
    <path class="line-rim" d="M60 152c40 10 84 10 124 0" stroke-width="3"/>`,
  bowl: `${SHADOW}
    <path class="fill-glaze" d="M34 100h172c0 46-30 84-60 92a90 90 0 0 1-52 0c-30-8-60-46-60-92Z"/>
    <path class="fill-shade" d="M160 104h46c0 42-30 80-60 88-10 3-20 4-28 4 30-18 44-50 42-92Z"/>
    <ellipse class="fill-rim" cx="120" cy="100" rx="86" ry="19"/><ellipse class="fill-deep" cx="120" cy="102" rx="74" ry="13"/>
    <circle class="fill-berry" cx="98" cy="98" r="9"/><circle class="fill-berry" cx="118" cy="94" r="10"/><circle class="fill-berry" cx="140" cy="99" r="8"/>
    <path class="fill-leaf" d="M150 92c10-16 24-18 32-16-2 12-14 22-32 16Z"/>
    <path class="line-rim" d="M50 142c40 14 100 14 140 0" stroke-width="3"/>`,
  candle: `${SHADOW}
    <path class="fill-flame" d="M120 28c16 20 18 32 0 44-18-12-16-24 0-44Z"/><path class="fill-core" d="M120 46c7 9 8 15 0 22-8-7-7-13 0-22Z"/>
    <path class="line-deep" d="M120 68v20" stroke-width="4"/>
    <path class="fill-glaze" d="M82 88h76v98c0 6-16 10-38 10s-38-4-38-10Z"/><path class="fill-shade" d="M134 88h24v98c0 5-12 9-30 10 8-30 10-74 6-108Z"/>
    <ellipse class="fill-rim" cx="120" cy="88" rx="38" ry="9"/>
    <path class="fill-paper" d="M92 124h56v40H92Z"/><path class="line-deep" d="M104 138h32M110 150h20" stroke-width="3"/>`,
  towel: `${SHADOW}
    <circle class="fill-deep" cx="120" cy="30" r="6"/><path class="line-deep" d="M120 30c-8 8-8 16 0 20" stroke-width="4"/>
    <path class="fill-glaze" d="M120 44c26 6 50 10 58 22l10 116c-14 8-26-4-38 2s-24 6-34 0-24-5-34 1-20 2-30-3L62 66c8-12 32-16 58-22Z"/>
    <path class="fill-shade" d="M120 44c26 6 50 10 58 22l10 116c-14 8-26-4-38 2-8 4-16 5-23 3 12-40 10-100-7-143Z"/>
    <path class="line-stripe" d="M56 142c44 10 86 10 129 0M55 152c44 10 88 10 131 0M54 168c44 8 90 8 133 0" stroke-width="3.5"/>
    <path class="line-rim" d="M120 46c16 40 20 92 8 138M96 52c-10 40-14 84-12 130" stroke-width="2"/>`,
  tea: `${SHADOW}
    <path class="fill-glaze" d="M74 84h92v102c0 6-20 10-46 10s-46-4-46-10Z"/><path class="fill-shade" d="M138 84h28v102c0 5-14 9-36 10 8-30 12-78 8-112Z"/>
    <path class="fill-rim" d="M70 62h100v24H70Z"/><ellipse class="fill-rim" cx="120" cy="62" rx="50" ry="10"/><ellipse class="fill-glaze" cx="120" cy="60" rx="42" ry="7"/>
    <path class="fill-paper" d="M84 108h72v56H84Z"/>
    <path class="fill-leaf" d="M100 150c-4-22 14-32 36-34 2 20-10 36-36 34Z"/><path class="line-paper" d="M104 148c8-12 16-20 26-26" stroke-width="2.5"/>`,
  plate: `${SHADOW}
    <ellipse class="fill-shade" cx="120" cy="146" rx="98" ry="50"/><ellipse class="fill-glaze" cx="120" cy="138" rx="98" ry="50"/>
    <ellipse class="line-rim" cx="120" cy="136" rx="86" ry="42" stroke-width="4"/><ellipse class="fill-shade" cx="120" cy="138" rx="66" ry="30"/>
    <ellipse class="fill-glaze" cx="120" cy="141" rx="64" ry="27"/>
    <path class="fill-leaf" d="M96 142c4-18 20-26 42-24-2 18-18 30-42 24Z"/><path class="line-paper" d="M102 140c10-8 18-13 28-17" stroke-width="2.5"/>
    <circle class="fill-berry" cx="148" cy="142" r="8"/><circle class="fill-berry" cx="162" cy="136" r="6"/>`,
  honey: `${SHADOW}
    <path class="fill-glaze" d="M72 84h96c10 8 14 18 14 30v56c0 14-10 24-24 24H82c-14 0-24-10-24-24v-56c0-12 4-22 14-30Z"/>
    <path class="fill-shade" d="M146 84h22c10 8 14 18 14 30v56c0 14-10 24-24 24h-26c20-34 24-76 14-110Z"/>
    <path class="fill-leaf" d="M66 60h108v22H66Z"/><path class="fill-paper" d="M58 78c10-8 22-6 30-2s18 4 28-1 22-4 32 1 22 2 34-2l6 14c-16 8-28 6-38 2s-20-4-32 1-22 4-32 0-22-3-34 1Z"/>
    <path class="fill-paper" d="M84 118h72v52H84Z"/>
    <path class="line-deep" d="M120 128l12 7v14l-12 7-12-7v-14Z" stroke-width="3"/><path class="line-leaf" d="M142 128c8 4 8 24 0 32M98 128c-8 4-8 24 0 32" stroke-width="3"/>`,
  cups: `${SHADOW}
    <ellipse class="fill-shade" cx="78" cy="186" rx="58" ry="13"/><ellipse class="fill-rim" cx="78" cy="182" rx="58" ry="12"/>
    <ellipse class="fill-shade" cx="170" cy="192" rx="54" ry="12"/><ellipse class="fill-rim" cx="170" cy="188" rx="54" ry="11"/>
    <path class="fill-glaze" d="M38 112h80c0 34-6 58-18 70a10 10 0 0 1-7 3H63a10 10 0 0 1-7-3c-12-12-18-36-18-70Z"/>
    <path class="fill-shade" d="M94 116h24c0 32-6 54-18 66a10 10 0 0 1-7 3H78c12-18 18-42 16-69Z"/><ellipse class="fill-rim" cx="78" cy="112" rx="40" ry="9"/><ellipse class="fill-deep" cx="78" cy="113" rx="33" ry="6"/>
    <path class="fill-glaze" d="M132 122h76c0 32-6 54-17 66a10 10 0 0 1-7 3h-28a10 10 0 0 1-7-3c-11-12-17-34-17-66Z"/>
    <path class="fill-shade" d="M184 126h24c0 30-6 50-17 62a10 10 0 0 1-7 3h-14c11-16 16-38 14-65Z"/><ellipse class="fill-rim" cx="170" cy="122" rx="38" ry="8"/><ellipse class="fill-deep" cx="170" cy="123" rx="31" ry="5"/>
    <path class="line-steam" d="M70 94c-7-10 7-14 0-26M90 96c-7-10 7-14 0-26M164 104c-7-10 7-14 0-26" stroke-width="4"/>`,
  vase: `${SHADOW}
    <path class="line-leaf" d="M118 92C114 62 96 46 84 30M122 92c2-34 8-48 22-66M120 92V36" stroke-width="4"/>
    <circle class="fill-berry" cx="82" cy="28" r="10"/><circle class="fill-flame" cx="146" cy="24" r="11"/><circle class="fill-paper" cx="120" cy="32" r="9"/>
    <path class="fill-leaf" d="M106 66c-18 2-28-6-32-16 14-4 26 2 32 16ZM130 60c2-16 14-24 28-24 0 14-10 24-28 24Z"/>
    <path class="fill-glaze" d="M104 88h32c0 18 34 30 34 66 0 26-22 42-50 42s-50-16-50-42c0-36 34-48 34-66Z"/>
    <path class="fill-shade" d="M126 88h10c0 18 34 30 34 66 0 24-18 40-44 42 26-30 18-74 0-108Z"/><ellipse class="fill-rim" cx="120" cy="88" rx="17" ry="5"/>
    <path class="line-rim" d="M76 166c28 10 60 10 88 0" stroke-width="3"/>`,
  spoon: `${SHADOW}
    <path class="fill-glaze" d="M60 44c22-16 48-2 48 24 0 20-8 28-4 38l64 76c6 8-4 18-12 10L88 118c-10-6-22 0-38-8-24-12-20-46 10-66Z"/>
    <path class="fill-shade" d="M62 54c16-12 36-2 36 18 0 16-12 28-26 28-20 0-30-28-10-46Z"/>
    <path class="line-rim" d="M104 118c18 22 34 40 52 62M70 64c10-4 18 0 20 8" stroke-width="3"/>`,
  card: `${SHADOW}
    <g transform="rotate(-6 120 122)"><rect class="fill-glaze" x="34" y="66" width="172" height="112" rx="12"/>
    <path class="fill-shade" d="M150 66h44a12 12 0 0 1 12 12v88a12 12 0 0 1-12 12h-70c24-30 34-72 26-112Z"/>
    <path class="line-paper" d="M84 66v112M34 112h172" stroke-width="7"/>
    <path class="line-paper" d="M84 110C60 96 58 78 70 76s16 18 14 34c2-16 6-36 18-34s6 22-18 34Z" stroke-width="6"/></g>`,
}

/** A product's drawing. It is decoration: the title stands beside it. */
export function drawing(art: Art, tone: Tone) {
  return raw(
    `<svg class="art tone-${tone}" viewBox="0 0 240 220" aria-hidden="true" focusable="false">${DRAWINGS[art]}</svg>`,
  )
}

/** The shop's mark: a thistle over a kiln's arch. */
export const MARK = raw(`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true" focusable="false">
  <path class="line-mark" d="M8 36V22a12 12 0 0 1 24 0v14" stroke-width="3"/><path class="line-mark" d="M20 36V22" stroke-width="2.5"/>
  <path class="fill-mark" d="M13 16c0 6 3 9 7 9s7-3 7-9c-2 2-3 2-4 0-1 2-2 3-3 3s-2-1-3-3c-1 2-2 2-4 0Z"/>
  <path class="line-accent" d="M15 13 12 6M18 12l-1-8M22 12l1-8M25 13l3-7" stroke-width="2.4"/></svg>`)
