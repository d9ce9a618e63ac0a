/**
 * The limits of every consumer; `docs/guides/messaging.md` explains them.
 *
 * They depend on each other. A message that waits for a slot asks the broker for more time three times per
 * `ackWaitMs`. When its handler starts, `ackWaitMs` starts again, and `handlerMs` is shorter. So the broker never
 * redelivers a message that is being handled.
 */
export const consumerLimits = {
  /** The broker redelivers a message that was not acknowledged within this time. */
  ackWaitMs: 30_000,
  /** Limit of one run of a handler. */
  handlerMs: 20_000,
  /** Unacknowledged messages of one consumer, over all instances. */
  maxAckPending: 256,
  /** Messages of one consumer that an instance prefetches; never more than it has slots (`MESSAGES_MAX_CONCURRENT`). */
  prefetch: 32,
  /** Slots of an instance, over all consumers, where neither a database pool nor a setting says otherwise. */
  concurrency: 32,
  /** Failed attempts after which a message becomes a dead letter. */
  maxAttempts: 8,
  /** From this delivery on the handler is not run any more: the earlier ones ended without an outcome. */
  abandonAt: 13,
  /** The server's own limit. Beyond it the message would disappear from the consumer and leave only an advisory. */
  maxDeliver: 15,
  /** Ceiling of the first delay between attempts; it doubles with each attempt (full jitter). */
  retryBaseMs: 1_000,
  /** Highest ceiling of a delay between attempts. */
  retryCapMs: 60_000,
} as const;
