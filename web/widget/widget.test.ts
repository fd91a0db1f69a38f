import { expect, test } from 'vitest'
import { countAt } from './count.ts'
import { voiceOf } from './strings.ts'

test('the count begins where it was and ends exactly at the balance', () => {
  expect(countAt(100, 159, 0)).toBe(100)
  expect(countAt(100, 159, 900)).toBe(159)
  expect(countAt(159, 100, 5_000)).toBe(100)
  expect(countAt(100, 159, 300)).toBeGreaterThan(130)
})

test('English and Arabic speak their own numbers and plurals', () => {
  const english = voiceOf('en-GB')
  expect(english.change(59)).toBe('+59 points')
  expect(english.change(-1)).toBe('-1 point')
  expect(english.number(12480)).toBe('12,480')
  const arabic = voiceOf('ar')
  expect(arabic.unit(5)).toBe('نقاط')
  expect(arabic.unit(59)).toBe('نقطة')
  expect(arabic.strings.visitor).toBe('سجّل الدخول لترى نقاطك')
})

test('a language that the widget does not know gets English, also in its numbers', () => {
  expect(voiceOf('de-DE').change(12480)).toBe('+12,480 points')
  expect(voiceOf('').strings.label).toBe('Your points')
})
