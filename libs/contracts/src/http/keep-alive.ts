/**
 * How long each side keeps an idle HTTP connection, milliseconds. The caller has to give up first: a request that is sent just as the server
 * closes the connection is reset, and nobody knows whether it was handled. So `caller` + `callerLate` < `drain` < `server`.
 */
export const idleConnectionMs = {
  /** Our HTTP clients. undici's own default, and below the 5 s of a Node server that says nothing else. */
  caller: 4_000,
  /** By how much undici may be late: its timers tick twice a second. */
  callerLate: 1_000,
  /** A server that was asked to stop: default of `SHUTDOWN_DRAIN_MS`. */
  drain: 15_000,
  /** A server that runs: default of `HTTP_KEEP_ALIVE_MS`. Above the 60 s of nginx and of Amazon's load balancers. */
  server: 72_000,
} as const;

/**
 * What every undici Agent of ours is made with. Without `keepAliveMaxTimeout` undici believes the server's `Keep-Alive: timeout=72` and keeps
 * an idle connection for 70 s.
 */
export const callerKeepAlive = {
  keepAliveTimeout: idleConnectionMs.caller,
  keepAliveMaxTimeout: idleConnectionMs.caller,
  /** Taken off the time that a server promises. */
  keepAliveTimeoutThreshold: 1_000,
} as const;
