/** How much of each kind of work a process takes on at a time. */
export interface WorkLimits {
  /** Handlers of messages, over all consumers together. Each needs one connection for as long as it runs. */
  readonly messages: number;
  /** Operations at a remote system. They hold no connection while they are there, and need one to store what came of it. */
  readonly operations: number;
  /** Sagas begun by this instance and not ended: beyond it new ones are begun more slowly, so that those under way keep up. */
  readonly sagas: number;
}

/**
 * The one place that says what follows from the size of the connection pool; a service's own settings override it.
 *
 * - Messages: as many as connections. More would hold messages that cannot run, fewer would leave connections idle.
 * - Operations: four for each connection. One spends most of its time at the remote system; storing it takes a small part of that.
 * - Sagas: twelve for each connection. With fewer than three in each of the four steps of an order the pipeline runs dry, and each one more only
 *   makes everybody wait longer (Little's law: with 40 orders a second, 48 under way end within 1.2 s).
 *
 * @param poolMax DATABASE_POOL_MAX.
 */
export const workLimits = (poolMax: number): WorkLimits => ({
  messages: poolMax,
  operations: 4 * poolMax,
  sagas: 12 * poolMax,
});
