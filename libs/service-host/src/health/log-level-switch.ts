import { getLogger, logLevel, setLogLevel } from '@causeway/telemetry';
import { z } from 'zod';

const log = getLogger('management');

/** Not `silent`: whoever looks for a problem must see that others turned the log off. */
const change = z.strictObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  forSeconds: z.int().min(1).max(86_400).optional(),
  // It goes into a log line.
  who: z.string().regex(/^[^\p{Cc}]{1,128}$/u),
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

  get state(): LogLevelState {
    return { logLevel: logLevel(), ...(this.back && { logLevelUntil: this.back.at }) };
  }

  /** @throws ValidationFailed (422) */
  async set(body: unknown): Promise<LogLevelState> {
    // Not before it is needed: the health port answers before the contracts are loaded.
    const { parseOrThrow } = await import('@causeway/contracts');
    const { level, forSeconds, who } = parseOrThrow(change, body);
    const fields = { audit: 'log-level-changed', who, from: logLevel(), to: level, forSeconds };
    // Before a change that would hide it, and at a level that shows on either side.
    log.warn(fields, 'log level changed by an operator');
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
