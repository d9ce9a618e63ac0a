import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What a piece of work is done for. Each kind has its fair share of what is scarce in a process, such as database
 * connections.
 *
 * - `request`: a caller waits for the response (HTTP, RPC). Bounded by a deadline.
 * - `message`: an event or a command is handled. It waits as long as it takes.
 * - `background`: what the process does by itself: operations at the payment provider, timers, housekeeping. It waits,
 *   too.
 */
export type WorkKind = 'request' | 'message' | 'background';
export const workKinds: readonly WorkKind[] = ['request', 'message', 'background'];

const storage = new AsyncLocalStorage<WorkKind>();

/** The kind of the running work. Default `request`, which never waits without a limit. */
export const currentWork = (): WorkKind => storage.getStore() ?? 'request';

/** Runs `fn`, and everything it awaits, as work of this kind. */
export const asWork = <T>(kind: WorkKind, fn: () => T): T => storage.run(kind, fn);
