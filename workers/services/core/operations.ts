import { refuse } from '../../../domain/contracts/errors.ts'
import { readSettings } from '../../platform/control.ts'
import { checkHealth } from '../../platform/health.ts'
import type { Caller, Handlers } from '../../platform/handler.ts'
import { readProgram, replaceCopy } from './program.ts'
import { storeSettings } from './repository.ts'

function keyHolder(caller: Caller | null): { readonly caller: Caller; readonly actor: string } {
  if (caller?.principal.kind !== 'api_key') throw new Error('the guard lets only API keys here')
  return { caller, actor: `api_key:${caller.principal.id}` }
}

/** The program settings of a merchant. Their home is D1; the copy in KV is for reads that may be a minute old. */
export const core: Handlers<'core.getSettings' | 'core.updateSettings' | 'core.program' | 'core.health'> = {
  async 'core.getSettings'({ env, caller }) {
    return { ok: true, body: await readSettings(env, keyHolder(caller).caller.shop.merchantId) }
  },

  async 'core.updateSettings'(context, { body }) {
    const { caller, actor } = keyHolder(context.caller)
    const { env, claim, nowMs, requestId } = context
    if (!claim) throw new Error('the gateway claims every write')
    const { merchantId, currency } = caller.shop
    if (body.settings.currency !== currency) {
      return refuse('currency_mismatch', `The shop's currency is ${currency}.`, '/settings/currency')
    }
    const change = { merchantId, version: body.version, settings: body.settings, actor, claim, nowMs }
    const answer = await storeSettings(env, change)
    if (answer.ok && !answer.replayed) {
      // The copy says its version, and whoever books points reads D1.
      replaceCopy(env, merchantId, answer.json, requestId)
    }
    return answer
  },

  async 'core.program'({ env, caller, requestId }) {
    if (!caller) throw new Error('the guard lets nobody unknown here')
    return { ok: true, body: await readProgram(env, caller.shop.merchantId, requestId) }
  },

  'core.health': ({ env }) =>
    checkHealth('core', {
      control: () => env.CONTROL.prepare('SELECT 1 FROM program_settings LIMIT 1').first(),
      settings_copy: () => env.SETTINGS_COPY.get('health'),
    }),
}
