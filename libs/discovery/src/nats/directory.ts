import { getLogger } from '@causeway/telemetry';
import type { z } from 'zod';
import type { Endpoint } from '../resolver.js';
import { departure, identity, type Identity } from './protocol.js';

const log = getLogger('discovery');

interface Entry extends Endpoint {
  missed: number;
  replied: boolean;
}

const none: readonly Endpoint[] = [];

/**
 * The known instances of each service, from the messages received: no connection, no clock. Id and URL identify an
 * entry: an instance that restarts under another address is a new one.
 */
export class Directory {
  private readonly entries = new Map<string, Map<string, Entry>>();
  private readonly lists = new Map<string, readonly Endpoint[]>();
  private replies = 0;

  /** @param missedRounds Rounds without an answer after which an instance is dropped. */
  constructor(private readonly missedRounds: number) {}

  endpoints(service: string): readonly Endpoint[] {
    return this.lists.get(service) ?? none;
  }

  services(): readonly string[] {
    return [...this.lists.keys()];
  }

  /** Begins a round of pings. */
  begin(): void {
    this.replies = 0;
    for (const entries of this.entries.values()) for (const entry of entries.values()) entry.replied = false;
  }

  /**
   * Ends the round.
   * @param noResponders The broker reported that a service has no subscribers. Plain silence may be the broker's fault,
   *   so it changes nothing.
   */
  end(noResponders: boolean): void {
    if (this.replies === 0 && !noResponders) return;
    for (const [name, entries] of this.entries) {
      for (const [key, entry] of entries) {
        if (entry.replied) continue;
        entry.missed += 1;
        if (entry.missed >= this.missedRounds) this.remove(name, key, `it missed ${this.missedRounds} pings`);
      }
    }
  }

  /** Takes a reply to a ping of the service. */
  seen(service: string, data: Uint8Array): void {
    this.replies += 1;
    const instance = parse(identity, service, data);
    if (instance) this.put(instance);
  }

  /** Takes an arrival. An older entry of the same id under another address is a process that has ended. */
  announced(service: string, data: Uint8Array): void {
    const instance = parse(identity, service, data);
    if (!instance) return;
    const { name, id, metadata } = instance;
    const key = keyOf(id, withoutSlash(metadata.url));
    for (const [other, entry] of this.entries.get(name) ?? [])
      if (entry.id === id && other !== key) this.remove(name, other, 'it has another address');
    this.put(instance);
  }

  /** Takes a departure. */
  left(service: string, data: Uint8Array): void {
    const gone = parse(departure, service, data);
    if (!gone) return;
    for (const [key, { id }] of this.entries.get(gone.name) ?? [])
      if (id === gone.id) this.remove(gone.name, key, 'it is stopping');
  }

  private put({ name, id, version, metadata }: Identity): void {
    const url = withoutSlash(metadata.url);
    const key = keyOf(id, url);
    const known = this.entries.get(name)?.get(key);
    if (known && known.version === version) {
      known.missed = 0;
      known.replied = true;
      return;
    }
    let entries = this.entries.get(name);
    if (!entries) this.entries.set(name, (entries = new Map<string, Entry>()));
    entries.set(key, { id, url, version, missed: 0, replied: true });
    this.publish(name);
    if (!known) log.info({ peer: name, peerInstance: id, url }, `${name} ${id} found`);
  }

  private remove(name: string, key: string, why: string): void {
    const entry = this.entries.get(name)?.get(key);
    if (!entry) return;
    this.entries.get(name)!.delete(key);
    this.publish(name);
    log.info({ peer: name, peerInstance: entry.id, url: entry.url }, `${name} ${entry.id} dropped: ${why}`);
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

/** Ignores malformed messages, and those that one service sends in the name of another. */
function parse<T extends { readonly name: string }>(
  schema: z.ZodType<T>,
  service: string,
  data: Uint8Array,
): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(decoder.decode(data))).data;
    return parsed?.name === service ? parsed : undefined;
  } catch {
    return undefined;
  }
}
