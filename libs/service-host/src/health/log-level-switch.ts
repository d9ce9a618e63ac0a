import { getLogger, logLevel, setLogLevel } from '@causeway/telemetry';
import { z } from 'zod';
import { governanceRoute } from './governance-route.js';

const log = getLogger('management');

/** Not `silent`: whoever looks for a problem must see that others turned the log off. */
const change = z.strictObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  forSeconds: z.int().min(1).max(86_400).optional(),
});

export interface LogLevelState {
  readonly logLevel: string;
  /** When the level of the settings comes back by itself. */
  readonly logLevelUntil?: Date;
}

/** Changes the log level of a running process, for a while or until it restarts. */
export class LogLevelSwitch {
  /** The level of the settings; known from the first change on. */
  private configured: string | undefined;
  private back: { readonly at: Date; readonly timer: NodeJS.Timeout } | undefined;

  readonly route = governanceRoute({
    method: 'PUT',
    path: 'log-level',
    input: change,
    run: (input) => this.set(input),
  });

  get state(): LogLevelState {
    return { logLevel: logLevel(), ...(this.back && { logLevelUntil: this.back.at }) };
  }

  private set({ level, forSeconds }: z.output<typeof change>): LogLevelState {
    // Before a change that would hide it, and at a level that shows on either side.
    log.warn({ from: logLevel(), to: level, forSeconds }, 'log level changes');
    this.stop();
    this.configured ??= logLevel();
    setLogLevel(level);
    if (forSeconds !== undefined) {
      const timer = setTimeout(() => this.restore(), forSeconds * 1_000).unref();
      this.back = { at: new Date(Date.now() + forSeconds * 1_000), timer };
    }
    return this.state;
  }

  /** Forgets a change that would come back by itself. */
  stop(): void {
    clearTimeout(this.back?.timer);
    this.back = undefined;
  }

  private restore(): void {
    this.back = undefined;
    if (this.configured !== undefined) setLogLevel(this.configured);
    log.warn({ to: this.configured }, 'log level is that of the settings again');
  }
}
