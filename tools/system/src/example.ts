import type { Service } from './service.js';
import { services } from './services.js';

/**
 * A service that runs beside those of the list, or in place of the one of its name: `npm start -- --with <folder>`. What
 * a listed service has in `libs/contracts` is in the contract record of an example.
 */
export interface Example extends Service {
  /** Subjects of the events that it publishes. */
  readonly publishes: readonly string[];
  /** Subjects of the messages that it handles, each with its stream. */
  readonly consumes: Readonly<Record<string, string>>;
  /** Name and subjects of each stream that its messages are in. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  /** Owns public routes, so the gateway has to find it. */
  readonly forwarded: boolean;
}

/** The services of a system with examples in it: an example takes the place of the listed service of its name. */
export function servicesWith(examples: readonly Example[]): readonly Service[] {
  const names = examples.map(({ name }) => name);
  return [...services.filter(({ name }) => !names.includes(name)), ...examples];
}
