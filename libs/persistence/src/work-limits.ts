/** How much of each kind of work a process takes on at once. */
export interface WorkLimits {
  /** Message handlers over all consumers. Those that wait for the database at the same time share a connection. */
  readonly messages: number;
  /** Operations at a remote system. They hold no connection during the call, and need one to store its outcome. */
  readonly operations: number;
  /** Unfinished sagas of this instance. Beyond that, new ones are delayed so that those in progress can end. */
  readonly sagas: number;
}

/**
 * Derives all limits of work from the size of the connection pool; settings of a service override them.
 *
 * - Messages: four for each connection, because units of work that wait at the same time share one
 *   (docs/decisions/0027-group-commit.md). With more, a message would wait here while another instance is free.
 * - Operations: four for each connection. An operation spends most of its time at the remote system, and little on
 *   storing.
 * - Sagas: twelve for each connection. With fewer than three in each of the four steps of an order the pipeline runs
 *   dry; more only add waiting (Little's law: at 40 orders a second, 48 unfinished orders end within 1.2 s).
 *
 * @param poolMax DATABASE_POOL_MAX.
 */
export const workLimits = (poolMax: number): WorkLimits => ({
  messages: 4 * poolMax,
  operations: 4 * poolMax,
  sagas: 12 * poolMax,
});
