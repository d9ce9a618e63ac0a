import type { Logger } from '@causeway/telemetry';

/** One Ctrl-C often arrives twice, from the terminal and from npm. A person who means "now" presses again later than this. */
const sameRequestMs = 1_000;

/**
 * Calls `stop` once: on SIGTERM, on SIGINT, or when the parent that holds our IPC channel is gone, even if it was killed.
 * A second signal more than 1 s after the first exits at once, with 1.
 */
export function onStopRequest(log: Logger, stop: (reason: string) => void): void {
  let requestedAt: number | undefined;
  const request = (reason: string) => {
    if (requestedAt === undefined) {
      requestedAt = performance.now();
      stop(reason);
    } else if (reason.startsWith('SIG') && performance.now() - requestedAt > sameRequestMs) {
      log.fatal({ reason }, 'second stop signal; exiting at once');
      process.exit(1);
    }
  };
  process.on('SIGTERM', request);
  process.on('SIGINT', request);
  process.on('disconnect', () => request('the parent process is gone'));
}
