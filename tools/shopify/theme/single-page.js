/**
 * Turns the storefront into a single-page one: links swap `<main>` and the header's links by history and fetch, and the
 * rest of the document stays. Forms of the cart too; others, and links marked `data-full-load`, load a page as ever.
 */
;(() => {
  let running

  async function show(address, { push, body }) {
    running?.abort()
    running = new AbortController()
    const { signal } = running
    try {
      const response = await fetch(address, { signal, ...(body ? { method: 'POST', body } : {}) })
      const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
      swap(fresh, response.url, push)
    } catch (error) {
      if (error.name !== 'AbortError') location.assign(address)
    }
  }

  function swap(fresh, url, push) {
    if (push) history.pushState({}, '', url)
    document.title = fresh.title
    for (const part of ['main', 'header .links', '.demo']) {
      const then = fresh.querySelector(part)
      if (then) document.querySelector(part)?.replaceWith(document.adoptNode(then))
    }
    runScripts()
    const target = location.hash && document.getElementById(location.hash.slice(1))
    if (target) target.scrollIntoView()
    else if (push) scrollTo(0, 0)
    document.querySelector('main').focus({ preventScroll: true })
  }

  /** Scripts that a parser made do not run: those that this page has not run yet are made again. */
  function runScripts() {
    for (const { src } of document.querySelectorAll('main script[src]')) {
      if (document.querySelector(`head script[src="${CSS.escape(src)}"]`)) continue
      document.head.append(Object.assign(document.createElement('script'), { src }))
    }
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]')
    if (!link || event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target) return
    const url = new URL(link.href)
    const samePage = url.pathname === location.pathname && url.search === location.search && url.hash !== ''
    if (url.origin !== location.origin || samePage || link.matches('[data-full-load]')) return
    event.preventDefault()
    void show(url.href, { push: true })
  })

  document.addEventListener('submit', (event) => {
    const form = event.target
    const path = new URL(form.action).pathname
    if (!/^\/cart\/(add|change|discount)$/.test(path)) return
    event.preventDefault()
    const body = new URLSearchParams(new FormData(form, event.submitter))
    const promise = show(path, { push: true, body })
    const type = path === '/cart/discount' ? 'shopify:cart:discount-update' : 'shopify:cart:lines-update'
    document.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), { promise }))
  })

  addEventListener('popstate', () => void show(location.href, { push: false }))
})()
