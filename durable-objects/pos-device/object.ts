import { DurableObject } from 'cloudflare:workers'
import type { PosDeviceRpc } from '../kernel/protocol.ts'

/** One till of a merchant. Not built yet: it follows in the next commits. */
export class PosDevice extends DurableObject<Env> implements PosDeviceRpc {
  sync(): Promise<never> {
    throw new Error('not built yet')
  }
  reserveCodes(): Promise<never> {
    throw new Error('not built yet')
  }
  decide(): Promise<never> {
    throw new Error('not built yet')
  }
  revoke(): Promise<never> {
    throw new Error('not built yet')
  }
}
