/**
 * How long each side keeps an idle HTTP connection, milliseconds. The caller must give up first: a request sent just as
 * the server closes the connection is reset, and the caller cannot tell whether it was handled. So `caller` +
 * `callerLate` < `drain` < `server`.
 */
export const idleConnectionMs = {
  /** Our HTTP clients. Equals undici's default, and is below the 5 s default of a Node.js server. */
  caller: 4_000,
  /** How late undici may be: its timers tick twice a second. */
  callerLate: 1_000,
  /** A stopping server: default of `SHUTDOWN_DRAIN_MS`. */
  drain: 15_000,
  /** A running server: default of `HTTP_KEEP_ALIVE_MS`. Above the 60 s of nginx and of Amazon's load balancers. */
  server: 72_000,
} as const;

/**
 * Options of each undici Agent we create. Without `keepAliveMaxTimeout`, undici follows the server's `Keep-Alive:
 * timeout=72` and keeps an idle connection for 70 s.
 */
export const callerKeepAlive = {
  keepAliveTimeout: idleConnectionMs.caller,
  keepAliveMaxTimeout: idleConnectionMs.caller,
  /** Subtracted from the timeout that a server announces. */
  keepAliveTimeoutThreshold: 1_000,
} as const;
