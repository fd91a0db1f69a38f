/**
 * The theme's script. Every page works without it; with it prices follow the chosen variant and the cart follows what
 * apps change. Listeners sit on the document, so that pages swapped by single-page.js need no second start.
 */
;(() => {
  /** Fetches this page again and replaces the parts that show the cart. */
  async function refreshCart() {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!response.ok) return
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
    for (const part of ['[data-cart]', '[data-summary]', '[data-cart-count]']) {
      const now = document.querySelector(part)
      const then = fresh.querySelector(part)
      if (now && then) now.replaceWith(document.adoptNode(then))
    }
  }

  /** A standard storefront event; `details` become its own properties, as Shopify documents them. */
  function announce(type, details) {
    document.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), details))
  }

  async function post(path, body) {
    const response = await fetch(`${Shopify.routes.root}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`)
    return response.json()
  }

  async function readCart() {
    return (await fetch(`${Shopify.routes.root}cart.js`)).json()
  }

  /** Of Shopify's standard storefront actions, what apps need to apply a code and show the cart. */
  async function updateCart({ discountCodes, note }) {
    const change = {
      ...(discountCodes === undefined ? {} : { discount: discountCodes.join(',') }),
      ...(note === undefined ? {} : { note }),
    }
    const promise = post('cart/update.js', change).then((cart) => ({ cart, userErrors: [] }))
    if (discountCodes !== undefined) {
      announce('shopify:cart:discount-update', { discountCodes: discountCodes.map((code) => ({ code })), promise })
    }
    return promise
  }
  Shopify.actions = {
    updateCart,
    getCart: async () => ({ cart: await readCart() }),
    openCart: async () => location.assign(`${Shopify.routes.root}cart`),
  }

  // Whoever changes the cart: the theme shows it when it is done.
  for (const type of ['shopify:cart:lines-update', 'shopify:cart:discount-update']) {
    document.addEventListener(type, (event) => {
      Promise.resolve(event.promise).then(refreshCart, refreshCart)
    })
  }
  // The loyalty widget would load the page again after it applied a code; this theme does better.
  document.addEventListener('loyalnest:applied', (event) => {
    event.preventDefault()
    void refreshCart()
  })

  function closeMenus(except) {
    for (const menu of document.querySelectorAll('details.menu[open]')) if (menu !== except) menu.open = false
  }
  document.addEventListener('click', (event) => closeMenus(event.target.closest('details.menu')))
  document.addEventListener('keydown', (event) => {
    const menu = event.key === 'Escape' && document.activeElement?.closest('details.menu[open]')
    if (!menu) return
    menu.open = false
    menu.querySelector('summary').focus()
  })

  function showVariant({ value, dataset: { price, tone } }) {
    document.querySelector('[data-price]').textContent = price
    const art = document.querySelector('[data-picture] .art')
    art?.setAttribute('class', art.getAttribute('class').replace(/tone-\w+/, `tone-${tone}`))
    history.replaceState(history.state, '', `${location.pathname}?variant=${value}`)
  }

  async function requote(form) {
    const { shipping, tip } = Object.fromEntries(new FormData(form))
    const asked = new URLSearchParams({ ...(shipping ? { shipping } : {}), tip })
    const response = await fetch(`/checkout/summary?${asked}`)
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-summary]')
    if (response.ok && fresh) document.querySelector('[data-summary]').replaceWith(document.adoptNode(fresh))
  }

  document.addEventListener('change', ({ target }) => {
    if (target.matches('.product input[name="id"]')) showVariant(target)
    if (target.matches('#order input[name="shipping"], #order input[name="tip"]')) void requote(target.form)
  })

  // Small forms beside a big one take along what was typed there.
  document.addEventListener('formdata', ({ target, formData }) => {
    const big = document.getElementById(target.dataset.carry ?? '')
    if (!big) return
    for (const [name, value] of new FormData(big)) formData.append(name, value)
  })
})()
