/**
 * The limits of every consumer; the reasons are in docs/decisions and the README.
 *
 * They depend on each other: a message that waits for a place tells the broker so three times in `ackWaitMs`; its clock is reset when its own
 * handler starts, and 20 s is less than 30 s. So a message is never redelivered while it is handled.
 */
export const consumerLimits = {
  /** The server redelivers what was not acknowledged within this. */
  ackWaitMs: 30_000,
  /** One run of a handler. */
  handlerMs: 20_000,
  /** Un-acknowledged messages of one consumer over all instances. */
  maxAckPending: 256,
  /** Messages of one consumer that an instance holds ready; never more than it may handle at a time (`MESSAGES_MAX_CONCURRENT`). */
  prefetch: 32,
  /** Handlers at a time, over all consumers of an instance, where neither a pool nor a setting says otherwise. */
  concurrency: 32,
  /** Failed attempts before a message goes to the dead letters. */
  maxAttempts: 8,
  /** A delivery with this number is not handled any more: its predecessors ended without a word, so it probably kills the process. */
  abandonAt: 13,
  /** The server's own limit; past it a message would vanish from the consumer, leaving only an advisory. */
  maxDeliver: 15,
  /** Full jitter between attempts. */
  retryBaseMs: 1_000,
  retryCapMs: 60_000,
} as const;
