/** The version of Shopify's Admin API that every request, document and generated type is of. */
export const ADMIN_API_VERSION = '2026-10'
