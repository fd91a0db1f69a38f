/** Black or white, whichever has more contrast on `#rrggbb`: always more than the 4.5 to 1 of WCAG 1.4.3. */
export function inkOn(colour: string): '#000' | '#fff' {
  const rgb = Number.parseInt(colour.slice(1), 16)
  const light = (shift: number) => (((rgb >> shift) & 255) / 255) ** 2.2
  // Relative luminance, near enough; at 0.179 black and white have the same contrast.
  return 0.2126 * light(16) + 0.7152 * light(8) + 0.0722 * light(0) > 0.18 ? '#000' : '#fff'
}
