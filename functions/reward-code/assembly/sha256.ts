/** SHA-256 (FIPS 180-4) and HMAC (RFC 2104) over bytes in memory. */

const BLOCK: usize = 64
const DIGEST: usize = 32

// prettier-ignore
const ROUNDS: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

/** Message schedule of the block at work. */
const SCHEDULE: usize = memory.data(256)
/** The eight words of the state. */
const STATE: usize = memory.data(32)

/** The digest of `length` bytes, big endian, at `out` (32 bytes). */
export function sha256(data: usize, length: usize, out: usize): void {
  const padded = ((length + 9 + BLOCK - 1) / BLOCK) * BLOCK
  const message = heap.alloc(padded)
  memory.copy(message, data, length)
  memory.fill(message + length, 0, padded - length)
  store<u8>(message + length, 0x80)
  store<u64>(message + padded - 8, bswap<u64>((<u64>length) << 3))

  store<u32>(STATE, 0x6a09e667, 0)
  store<u32>(STATE, 0xbb67ae85, 4)
  store<u32>(STATE, 0x3c6ef372, 8)
  store<u32>(STATE, 0xa54ff53a, 12)
  store<u32>(STATE, 0x510e527f, 16)
  store<u32>(STATE, 0x9b05688c, 20)
  store<u32>(STATE, 0x1f83d9ab, 24)
  store<u32>(STATE, 0x5be0cd19, 28)
  for (let at: usize = 0; at < padded; at += BLOCK) compress(message + at)
  for (let at: usize = 0; at < DIGEST; at += 4) store<u32>(out + at, bswap<u32>(load<u32>(STATE + at)))
}

function compress(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap<u32>(load<u32>(block + t)))
  for (let t: usize = 64; t < 256; t += 4) {
    const w15 = load<u32>(SCHEDULE + t - 60)
    const w2 = load<u32>(SCHEDULE + t - 8)
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3)
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10)
    store<u32>(SCHEDULE + t, load<u32>(SCHEDULE + t - 64) + s0 + load<u32>(SCHEDULE + t - 28) + s1)
  }
  let a = load<u32>(STATE, 0)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  for (let t = 0; t < 64; t++) {
    const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
    const choice = (e & f) ^ (~e & g)
    const t1 = h + s1 + choice + ROUNDS[t] + load<u32>(SCHEDULE + (t << 2))
    const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = d + t1
    d = c
    c = b
    b = a
    a = t1 + s0 + majority
  }
  store<u32>(STATE, load<u32>(STATE, 0) + a, 0)
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4)
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8)
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12)
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16)
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20)
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24)
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28)
}

/** The first 32 bits of HMAC-SHA-256; `key` has `keyLength` ≤ 64 bytes. */
export function hmacSha256Head(key: usize, keyLength: usize, message: usize, length: usize): u32 {
  const inner = heap.alloc(BLOCK + length)
  const outer = heap.alloc(BLOCK + DIGEST)
  for (let i: usize = 0; i < BLOCK; i++) {
    const byte: u8 = i < keyLength ? load<u8>(key + i) : 0
    store<u8>(inner + i, byte ^ 0x36)
    store<u8>(outer + i, byte ^ 0x5c)
  }
  memory.copy(inner + BLOCK, message, length)
  sha256(inner, BLOCK + length, outer + BLOCK)
  const digest = heap.alloc(DIGEST)
  sha256(outer, BLOCK + DIGEST, digest)
  return bswap<u32>(load<u32>(digest))
}
