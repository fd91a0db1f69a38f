import type { WebhookMessage } from '../../../domain/earning/facts.ts'

/** A message and the webhook in it. */
export interface Received<W extends WebhookMessage = WebhookMessage> {
  readonly message: Message
  readonly webhook: W
}
type Topic<T extends WebhookMessage['topic']> = Received<Extract<WebhookMessage, { topic: T }>>

export type OrderReceived = Topic<'orders/create' | 'orders/paid' | 'orders/cancelled'>
export type RefundReceived = Topic<'refunds/create'>
export type ProfileReceived = Topic<'customers/create' | 'customers/update'>
export type MergeReceived = Topic<'customers/merge'>
export type CustomerDeletionReceived = Topic<'customers/delete'>
export type UninstallReceived = Topic<'app/uninstalled'>
export type DiscountDeletionReceived = Topic<'discounts/delete'>
export type CodeRemovalReceived = Topic<'discounts/redeemcode_removed'>
export type EditReceived = Topic<'orders/edited'>
export type BulkFinishReceived = Topic<'bulk_operations/finish'>
