import { Hono } from 'hono'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { DeliveryMode, LATE_MS } from '../deliveries.ts'
import { formOf } from '../forms.ts'
import { type Order, wholeRefund } from '../order.ts'
import type { Shop } from '../shop.ts'
import { customersPage } from './customers-page.ts'
import { discountsPage } from './discounts-page.ts'
import { deliveryPage, orderPage, ordersPage, webhooksPage } from './pages.ts'

const NOTICE = 'admin_notice'
const SHOWN_DELIVERIES = 100

/** Says once, on the next page, what happened. */
function back(c: Context, path: string, notice: string): Response {
  setCookie(c, NOTICE, notice, { httpOnly: true, sameSite: 'Lax', path: '/admin', maxAge: 60 })
  return c.redirect(path, 303)
}

function noticeOf(c: Context): string | undefined {
  const notice = getCookie(c, NOTICE)
  if (notice !== undefined) deleteCookie(c, NOTICE, { path: '/admin' })
  return notice
}

/** What the merchant sees: orders, and what became of the webhooks. */
export function backOffice(shop: Shop, clientId: string): Hono {
  const app = new Hono().basePath('/admin')
  orders(app, shop)
  people(app, shop)
  webhooks(app, shop)
  discounts(app, shop)
  app.post('/uninstall', (c) => {
    shop.uninstallApp()
    return back(c, '/admin', `The app ${clientId} was told that it is uninstalled.`)
  })
  return app
}

function orders(app: Hono, shop: Shop): void {
  const { store } = shop
  app.get('/', (c) => {
    const customers = new Map(store.customers().map((customer) => [customer.id, customer]))
    return c.html(ordersPage(store.orders(), customers, noticeOf(c)))
  })
  app.get('/orders/:id', (c) => {
    const order = store.order(c.req.param('id'))
    if (!order) return c.text('There is no such order.', 404)
    const customer = order.customerId === null ? undefined : store.customer(order.customerId)
    const buyer = customer ? `${customer.firstName} ${customer.lastName}` : `${order.email} (guest)`
    return c.html(orderPage(order, buyer, noticeOf(c)))
  })
  const act = async (c: Context, done: string, run: (order: Order) => string | undefined) => {
    const order = store.order(c.req.param('id') ?? '')
    if (!order) return c.text('There is no such order.', 404)
    return back(c, `/admin/orders/${order.id}`, run(order) ?? done)
  }
  app.post('/orders/:id/paid', (c) => act(c, 'Marked as paid.', (order) => shop.markPaid(order)))
  app.post('/orders/:id/cancel', (c) => act(c, 'Cancelled.', (order) => shop.cancel(order, true)))
  app.post('/orders/:id/archive', (c) => act(c, 'Done.', (order) => shop.archive(order)))
  app.post('/orders/:id/edit', async (c) => {
    const form = await formOf(c)
    const pieces = (name: string) => Number(form[name] ?? 0)
    return act(c, 'Edited.', (order) => {
      const remove = new Map(order.lines.map(({ id }) => [id, pieces(`remove-${id}`)]))
      const add = new Map([[form['variant'] ?? '', pieces('add')]])
      const isWhole = [...remove.values(), ...add.values()].every((count) => Number.isSafeInteger(count))
      return isWhole ? shop.edit(order, { remove, add }) : 'Please give whole numbers.'
    })
  })
  app.post('/orders/:id/refund', async (c) => {
    const form = await formOf(c)
    return act(c, 'Refunded.', (order) => {
      if (form['all'] === 'yes') return shop.refund(order, wholeRefund(order, null))
      const pieces = order.lines.map((line) => [line.id, Number(form[`line-${line.id}`] ?? 0)] as const)
      if (pieces.some(([, quantity]) => !Number.isSafeInteger(quantity))) return 'Please give whole numbers.'
      return shop.refund(order, { quantities: new Map(pieces), shipping: form['shipping'] === 'yes', note: null })
    })
  })
}

function people(app: Hono, shop: Shop): void {
  const { store } = shop
  const page = '/admin/customers'
  app.get('/customers', (c) => {
    const rows = store.customers().map((customer) => ({ customer, orders: store.orders(customer.id).length }))
    return c.html(customersPage(rows, noticeOf(c)))
  })
  app.post('/customers/:id{[0-9]+}/merge', async (c) => {
    const [removed, kept] = [store.customer(c.req.param('id')), store.customer((await formOf(c))['into'] ?? '')]
    if (!removed || !kept) return back(c, page, 'There is no such customer any more.')
    const done = `${removed.firstName} is merged into ${kept.firstName}.`
    return back(c, page, shop.mergeCustomers(removed, kept) ?? done)
  })
  app.post('/customers/:id{[0-9]+}/delete', (c) => {
    const customer = store.customer(c.req.param('id'))
    if (!customer) return back(c, page, 'There is no such customer any more.')
    return back(c, page, shop.deleteCustomer(customer) ?? `${customer.firstName} is deleted.`)
  })
}

function discounts(app: Hono, shop: Shop): void {
  const { domain } = shop.identity
  app.get('/discounts', (c) => {
    const rows = shop.discounts.list(domain).map((discount) => ({
      discount,
      codes: shop.discounts
        .codes(discount.id)
        .toReversed()
        .map((code) => ({
          code,
          orders: shop.discounts.ordersOf(code.id).flatMap((id) => {
            const order = shop.store.order(id)
            return order ? [{ id, number: order.number }] : []
          }),
        })),
    }))
    return c.html(discountsPage(rows, noticeOf(c)))
  })
  app.post('/discounts/:id{[0-9]+}/delete', (c) => {
    const discount = shop.discounts.find(domain, c.req.param('id'))
    if (!discount) return back(c, '/admin/discounts', 'There is no such discount any more.')
    shop.discounts.delete(discount)
    return back(c, '/admin/discounts', `The discount ${discount.title} is deleted, and its codes with it.`)
  })
  app.post('/discounts/codes/:id{[0-9]+}/delete', (c) => {
    const code = shop.discounts.codeById(domain, c.req.param('id'))
    const discount = code && shop.discounts.find(domain, code.discountId)
    if (!code || !discount) return back(c, '/admin/discounts', 'There is no such code any more.')
    shop.store.transaction(() => shop.discounts.remove(discount, code))
    return back(c, '/admin/discounts', `The code ${code.code} is deleted.`)
  })
}

function webhooks(app: Hono, shop: Shop): void {
  app.get('/webhooks', (c) =>
    c.html(webhooksPage(shop.store.deliveries(SHOWN_DELIVERIES), shop.webhooks.mode, noticeOf(c))),
  )
  app.get('/webhooks/:id{[0-9]+}', (c) => {
    const delivery = shop.store.delivery(Number(c.req.param('id')))
    return delivery ? c.html(deliveryPage(delivery)) : c.text('There is no such delivery.', 404)
  })
  app.post('/webhooks/mode', async (c) => {
    shop.webhooks.mode = DeliveryMode.catch('at_once').parse((await formOf(c))['mode'])
    return back(c, '/admin/webhooks', 'Saved.')
  })
  app.post('/webhooks/release', async (c) => {
    const order = z
      .enum(['in_order', 'newest_first'])
      .catch('in_order')
      .parse((await formOf(c))['order'])
    await shop.webhooks.releaseAll(order)
    return back(c, '/admin/webhooks', 'Let go.')
  })
  app.post('/webhooks/:id{[0-9]+}/release', (c) => {
    shop.webhooks.release(Number(c.req.param('id')))
    return back(c, '/admin/webhooks', 'Let go.')
  })
  app.post('/webhooks/:id{[0-9]+}/again', async (c) => {
    const late = (await formOf(c))['late'] === 'yes'
    shop.webhooks.sendAgain(Number(c.req.param('id')), late ? LATE_MS : 0)
    return back(c, '/admin/webhooks', late ? 'It leaves in 30 seconds.' : 'Sent again.')
  })
}
