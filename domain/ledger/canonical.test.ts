import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Canonical, canonicalJson, sha256Canonical } from './canonical.ts'

describe('canonical JSON', () => {
  it('sorts names by UTF-16 code units and leaves no white space (RFC 8785 §3.2.3)', () => {
    const sample = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'Dalet',
      '1': 'One',
      '\ud83d\ude00': 'Smile',
      '\u0080': 'Control',
    }
    expect(canonicalJson(sample)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"Control","\u20ac":"Euro","\ud83d\ude00":"Smile","\ufb33":"Dalet"}',
    )
  })

  it('escapes as little as RFC 8785 allows', () => {
    expect(canonicalJson('\u000f\nA\'B"\\/€')).toBe(String.raw`"\u000f\nA'B\"\\/€"`)
  })

  it('leaves out undefined members and writes −0 as 0', () => {
    expect(canonicalJson({ b: [1, -0, true, null], a: undefined })).toBe('{"b":[1,0,true,null]}')
  })

  it('hashes what is written, not how it was built', () => {
    expect(sha256Canonical({ a: 1, b: { c: 2, d: 3 } })).toBe(sha256Canonical({ b: { d: 3, c: 2 }, a: 1 }))
    expect(sha256Canonical({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
  })

  it.each([[1.5], [2 ** 53], [Number.NaN], ['\ud800'], [{ at: 0.1 }]])('refuses %j', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  it('says what it refuses', () => {
    expect(() => canonicalJson(1.5)).toThrow('1.5 is not a safe integer')
    expect(() => canonicalJson(['\ud800'])).toThrow('a lone surrogate has no canonical JSON')
    expect(() => canonicalJson(Object.assign(Object.create(new Date(0)), { a: 1 }))).toThrow(
      'only plain objects are canonical',
    )
  })

  it('takes objects without a prototype, as they come out of parsers', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { b: 'é', a: 'plain', c: '' }))).toBe(
      '{"a":"plain","b":"é","c":""}',
    )
  })

  it('refuses what is no plain object', () => {
    const date: object = new Date(0)
    expect(() => canonicalJson(Object.assign(Object.create(date), { a: 1 }))).toThrow(TypeError)
  })

  it('is JSON that says the same', () => {
    const integers = fc.maxSafeInteger().map((value) => (value === 0 ? 0 : value))
    const text = fc.string({ unit: 'grapheme' })
    const { tree } = fc.letrec<{ tree: Canonical }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(integers, text, fc.boolean(), fc.constant(null)),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(
          text.filter((name) => name !== '__proto__'),
          tie('tree'),
          { maxKeys: 3, noNullPrototype: true },
        ),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        const written = canonicalJson(value)
        expect(JSON.parse(written)).toEqual(value)
      }),
    )
  })
})
