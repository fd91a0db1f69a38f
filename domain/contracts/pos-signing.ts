/** What a till needs of the contract at run time. Without zod, which would be most of the till's bundle. */

/** The most items one batch may carry. */
export const POS_BATCH_LIMIT = 500
/** The most bytes of one batch's body. */
export const POS_BODY_LIMIT_BYTES = 1_048_576

/** The headers of a signed request of a device. */
export const DEVICE_HEADERS = {
  device: 'X-LoyalNest-Device',
  /** base64 of the 64 bytes r ‖ s (IEEE P1363) of ECDSA P-256 with SHA-256 over {@link deviceSigningText}. */
  signature: 'X-LoyalNest-Signature',
} as const

/**
 * What a device signs, as UTF-8: a line each for the scheme, the method, the path, its id and the SHA-256 (hex) of the
 * body's bytes. Sending the same request again is harmless, so nothing in it ends by time.
 */
export function deviceSigningText(method: string, path: string, deviceId: string, bodySha256: string): string {
  return `loyalnest-device-v1\n${method.toUpperCase()}\n${path}\n${deviceId}\n${bodySha256}`
}
