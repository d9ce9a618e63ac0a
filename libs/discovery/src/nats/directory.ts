import { getLogger } from '@causeway/telemetry';
import type { z } from 'zod';
import type { Endpoint } from '../resolver.js';
import { departure, identity, type Identity } from './protocol.js';

const logger = getLogger('discovery');

interface Entry extends Endpoint {
  missed: number;
  answered: boolean;
}

const nobody: readonly Endpoint[] = [];

/**
 * Who is there, by service, from what was heard: no connection, no clock. An entry is known by id and URL: an instance that comes back
 * under another address is another one.
 */
export class Directory {
  private readonly entries = new Map<string, Map<string, Entry>>();
  private readonly lists = new Map<string, readonly Endpoint[]>();
  private answers = 0;

  /** @param missedRounds Rounds without an answer after which an instance is dropped. */
  constructor(private readonly missedRounds: number) {}

  endpoints(service: string): readonly Endpoint[] {
    return this.lists.get(service) ?? nobody;
  }

  services(): readonly string[] {
    return [...this.lists.keys()];
  }

  /** A round of pings begins. */
  begin(): void {
    this.answers = 0;
    for (const entries of this.entries.values()) for (const entry of entries.values()) entry.answered = false;
  }

  /**
   * The round is over.
   * @param nobodyThere The broker said that there is nobody to answer. Silence instead says something about the broker only: nothing changes.
   */
  end(nobodyThere: boolean): void {
    if (this.answers === 0 && !nobodyThere) return;
    for (const [name, entries] of this.entries) {
      for (const [key, entry] of entries) {
        if (entry.answered) continue;
        entry.missed += 1;
        if (entry.missed >= this.missedRounds) this.remove(name, key, 'does not answer');
      }
    }
  }

  /** An answer to a ping of the service. */
  seen(service: string, data: Uint8Array): void {
    this.answers += 1;
    const one = parse(identity, service, data);
    if (one) this.put(one);
  }

  /** A hello. An older entry of the same id under another address is a process that is no more. */
  announced(service: string, data: Uint8Array): void {
    const one = parse(identity, service, data);
    if (!one) return;
    const key = keyOf(one.id, withoutSlash(one.metadata.url));
    for (const [other, { id }] of this.entries.get(one.name) ?? [])
      if (id === one.id && other !== key) this.remove(one.name, other, 'moved');
    this.put(one);
  }

  /** A goodbye. */
  left(service: string, data: Uint8Array): void {
    const gone = parse(departure, service, data);
    if (!gone) return;
    for (const [key, { id }] of this.entries.get(gone.name) ?? [])
      if (id === gone.id) this.remove(gone.name, key, 'left');
  }

  private put({ name, id, version, metadata }: Identity): void {
    const url = withoutSlash(metadata.url);
    const key = keyOf(id, url);
    const known = this.entries.get(name)?.get(key);
    if (known && known.version === version) {
      known.missed = 0;
      known.answered = true;
      return;
    }
    let entries = this.entries.get(name);
    if (!entries) this.entries.set(name, (entries = new Map<string, Entry>()));
    entries.set(key, { id, url, version, missed: 0, answered: true });
    this.publish(name);
    if (!known) logger.info({ service: name, instance: id, url }, `${name} ${id} is there`);
  }

  private remove(name: string, key: string, why: string): void {
    const entry = this.entries.get(name)?.get(key);
    if (!entry) return;
    this.entries.get(name)!.delete(key);
    this.publish(name);
    logger.info({ service: name, instance: entry.id, url: entry.url }, `${name} ${entry.id} is gone: ${why}`);
  }

  /** Readers get a new array only when something has changed. */
  private publish(name: string): void {
    const list = [...(this.entries.get(name)?.values() ?? [])].map(({ id, url, version }) => ({ id, url, version }));
    if (list.length > 0) this.lists.set(name, list);
    else {
      this.lists.delete(name);
      this.entries.delete(name);
    }
  }
}

const keyOf = (id: string, url: string): string => `${id} ${url}`;
const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
const decoder = new TextDecoder();

/** What is not understood, or comes from one service in the name of another, is ignored. */
function parse<T extends { readonly name: string }>(
  schema: z.ZodType<T>,
  service: string,
  data: Uint8Array,
): T | undefined {
  try {
    const said = schema.safeParse(JSON.parse(decoder.decode(data))).data;
    return said?.name === service ? said : undefined;
  } catch {
    return undefined;
  }
}
