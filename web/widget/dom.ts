/**
 * The smallest declarative rendering that keeps focus, selection and scroll: elements are described anew at each change,
 * and what is there already is mended. Text only ever becomes text; there is no way to put markup in.
 */

type Value = string | number | boolean | null | undefined | ((event: Event) => void)
/** Attributes (`null` and `undefined`: without it), `onclick` and its like, and `id`: an element is only reused for the same. */
export type Props = Readonly<Record<string, Value>>

/** An element as it should be. */
export interface Drawn {
  readonly tag: string
  readonly props: Props
  readonly children: readonly Child[]
}
export type Child = Drawn | string | null | undefined | false

/** Describes an element. */
export function h(tag: string, props: Props = {}, ...children: readonly Child[]): Drawn {
  return { tag, props, children }
}

const drawn = new WeakMap<Node, Drawn>()

function mend(element: Element, next: Drawn): void {
  const { props } = next
  const before = drawn.get(element)?.props ?? {}
  drawn.set(element, next)
  for (const name of Object.keys({ ...before, ...props })) {
    const value = props[name]
    if (before[name] === value) continue
    // As properties: a shopper's choice outlives the attribute, and a strict CSP allows no handlers in attributes.
    if (name === 'value' || name.startsWith('on')) Reflect.set(element, name, value ?? null)
    else if (value === null || value === undefined) element.removeAttribute(name)
    else element.setAttribute(name, String(value))
  }
  patch(element, next.children)
}

function fits(node: Node, child: Drawn | string): boolean {
  const was = drawn.get(node)
  if (typeof child === 'string') return !was
  return was?.tag === child.tag && was.props['id'] === child.props['id']
}

function isSomething(child: Child): child is Drawn | string {
  return Boolean(child)
}

/** Makes the contents of `parent` what `children` say. */
export function patch(parent: ParentNode & Node, children: readonly Child[]): void {
  const free = new Set<ChildNode>(parent.childNodes)
  const wanted = children.filter(isSomething)
  const nodes = wanted.map((child) => {
    const found = [...free].find((node) => fits(node, child))
    if (found) free.delete(found)
    return found ?? (typeof child === 'string' ? document.createTextNode(child) : document.createElement(child.tag))
  })
  // First what goes: whatever stays is then moved as little as possible, and what is not moved keeps its focus.
  for (const node of free) node.remove()
  nodes.forEach((node, index) => {
    const child = wanted[index]
    const there = parent.childNodes[index]
    if (there !== node) parent.insertBefore(node, there ?? null)
    if (typeof child === 'string') {
      if (node.nodeValue !== child) node.nodeValue = child
    } else if (child && node instanceof Element) mend(node, child)
  })
}
