/**
 * Whose quota an address counts against: an IPv4 address itself; of IPv6 the first 64 bits, since every subscriber has
 * all 2^64 addresses behind them to choose from.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - groups.length - after.length }, () => '0')
  const whole = tail === undefined ? groups : [...groups, ...zeros, ...after]
  return `${whole.slice(0, 4).join(':')}::/64`
}
