import net from 'node:net'

export const HOST = '127.0.0.1'

/** A port that is asked for and in use. */
export class PortTakenError extends Error {
  constructor(port: number, what: string, appPort: number) {
    super(
      `Port ${port} (for ${what}) is taken by another program. ` +
        `Stop that one, or choose other ports: npm start -- --port ${appPort + 10}`,
    )
  }
}

/** Listens for a moment: the port that was free, or undefined. Port 0 finds any. */
async function probe(port: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const server = net.createServer()
  server.once('error', () => {
    resolve(undefined)
  })
  server.listen({ port, host: HOST, exclusive: true }, () => {
    const address = server.address()
    server.close(() => {
      resolve(typeof address === 'object' && address !== null ? address.port : undefined)
    })
  })
  return promise
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const port = await probe(0)
  if (port === undefined) throw new Error('This machine has no free port left.')
  return port
}

/**
 * The ports of the app and of the Shopify stand-in: `port` and the next one, or any two for 0.
 * @throws PortTakenError
 */
export async function choosePorts(port: number): Promise<{ app: number; shopify: number }> {
  if (port === 0) return { app: await freePort(), shopify: await freePort() }
  if ((await probe(port)) === undefined) throw new PortTakenError(port, 'the app', port)
  if ((await probe(port + 1)) === undefined) throw new PortTakenError(port + 1, 'the Shopify stand-in', port)
  return { app: port, shopify: port + 1 }
}
