import type { Logger } from '@causeway/telemetry';

/** One Ctrl-C often arrives twice, from the terminal and from npm; a person who means "now" presses again later than this. */
const sameRequestMs = 1_000;

/**
 * Calls `stop` once, on SIGTERM, SIGINT or when the parent that holds our IPC channel is gone (killed, too: nothing is left running).
 * A second signal later than 1 s after the first ends the process at once, with exit 1.
 */
export function onStopRequest(log: Logger, stop: (reason: string) => void): void {
  let requestedAt: number | undefined;
  const request = (reason: string) => {
    if (requestedAt === undefined) {
      requestedAt = performance.now();
      stop(reason);
    } else if (reason.startsWith('SIG') && performance.now() - requestedAt > sameRequestMs) {
      log.fatal({ reason }, 'asked a second time to stop: leaving at once');
      process.exit(1);
    }
  };
  process.on('SIGTERM', request);
  process.on('SIGINT', request);
  process.on('disconnect', () => request('the parent process is gone'));
}
