import type { LoggerService } from '@nestjs/common';
import { getLogger, type Logger } from '../logger.js';

/** Nest logs a line for each module and route at start; these are kept at `debug`. */
const chatty = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestFactory',
  'NestApplication',
  'NestMicroservice',
]);

/**
 * Nest's logger on top of ours, so that the framework's lines look like any other.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#logs-pino-without-nestjs-pino
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes its context (a class name) last, and the stack of an error before it. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const scope = typeof rest.at(-1) === 'string' ? (rest.pop() as string) : undefined;
    const err = message instanceof Error ? message : rest.find((item) => item instanceof Error);
    const stack =
      err === undefined
        ? rest.find((item): item is string => typeof item === 'string' && item.includes('\n    at '))
        : undefined;
    const fields = {
      ...(err !== undefined && { err }),
      ...(stack !== undefined && { stack }),
    };
    const text =
      message instanceof Error
        ? message.message
        : typeof message === 'string'
          ? message
          : (JSON.stringify(message) ?? String(message));
    // Not a child of ours, which has a scope already: it would be in the line twice.
    const logger = scope === undefined ? this.logger : getLogger(scope);
    logger[level === 'info' && scope !== undefined && chatty.has(scope) ? 'debug' : level](fields, text);
  }
}
