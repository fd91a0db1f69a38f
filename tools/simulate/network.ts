import type { Account } from './account.ts'
import type { Simulation } from './simulation.ts'

/**
 * The accounts of all merchants, as they reach each other: a call may not arrive, and its answer may get lost, so that the
 * caller does not know what became of it.
 */
export class Network {
  readonly #simulation: Simulation
  readonly #accounts = new Map<string, Account>()

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  get accounts(): readonly Account[] {
    return [...this.#accounts.values()]
  }

  add(account: Account): void {
    this.#accounts.set(account.owner.customerId, account)
  }

  /** The account itself, for whoever watches from outside. */
  find(customerId: string): Account {
    const account = this.#accounts.get(customerId)
    if (account === undefined) throw new Error(`there is no account ${customerId}`)
    return account
  }

  /**
   * One account calls another one.
   * @param call gives its answer to the function that it gets; does not call it if there is none
   * @param answer is called at most once; not at all when the call or its answer is lost
   */
  call<T>(customerId: string, call: (account: Account, reply: (value: T) => void) => void, answer: (value: T) => void) {
    const { faults, situations } = this.#simulation
    if (faults.strikes('call between accounts lost')) return
    const isLost = faults.strikes('answer between accounts lost')
    let answered = false
    const reply = (value: T) => {
      if (answered || isLost) return
      answered = true
      answer(value)
    }
    const account = this.find(customerId)
    call(account, reply)
    if (!faults.strikes('call between accounts doubled')) return
    situations.meet('an account is called twice by another')
    call(account, reply)
  }
}
