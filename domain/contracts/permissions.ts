/**
 * Every permission, declared once. A credential (API key, role) carries a set of them; an operation names the one
 * it needs. `admin:full` implies all others.
 */
export const PERMISSIONS = {
  'admin:full': 'Everything, including what is added later',
  'points:read': "Read customers' balances and transactions",
  'points:write': 'Grant and redeem points',
  'points:adjust': 'Correct balances by hand',
  'points:approve': "Approve other people's large corrections",
  'devices:read': 'See tills, and what they sent',
  'devices:write': 'Register and revoke tills, decide what they could not book',
  'ledger:audit': 'Verify ledgers, see the points-liability report',
  'rewards:read': 'Read rewards and the codes issued for them',
  'rewards:write': 'Create, change and archive rewards; redeem and cancel for a customer',
  'settings:read': 'Read the program settings',
  'settings:write': 'Change the program settings',
  'operations:read': 'See dead letters and the state of projections',
  'operations:write': 'Replay dead letters and rebuild projections',
} as const

/** A permission's name. */
export type Permission = keyof typeof PERMISSIONS

/** True when a credential with `granted` may do what needs `needed`. */
export function permits(granted: readonly Permission[], needed: Permission): boolean {
  return granted.includes('admin:full') || granted.includes(needed)
}
