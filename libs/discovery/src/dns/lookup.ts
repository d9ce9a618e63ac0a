import { isIPv6 } from 'node:net';
import type { AddressTemplate } from './address-template.js';

interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** The part of node:dns that a lookup needs. */
export interface DnsClient {
  resolve4(name: string, options: { ttl: true }): Promise<readonly AddressRecord[]>;
  resolve6(name: string, options: { ttl: true }): Promise<readonly AddressRecord[]>;
  resolveSrv(name: string): Promise<readonly { name: string; port: number; priority: number }[]>;
}

export interface DnsAnswer {
  /** Base URLs, sorted. Empty: the DNS says that there is none. */
  readonly urls: readonly string[];
  /** For how long the answer holds, seconds; undefined when it is empty. */
  readonly ttl: number | undefined;
}

/**
 * Asks the DNS once for the instances behind a name.
 * @throws what node:dns throws when there is no answer: ETIMEOUT, ESERVFAIL, ECONNREFUSED. That a name or a record does
 *   not exist (NXDOMAIN, NODATA) is an answer.
 */
export async function lookUp(client: DnsClient, { scheme, port }: AddressTemplate, name: string): Promise<DnsAnswer> {
  const places = port === undefined ? await srvPlaces(client, name) : await addresses(client, name, port);
  const urls = places.map(
    (place) => `${scheme}://${isIPv6(place.host) ? `[${place.host}]` : place.host}:${place.port}`,
  );
  return {
    urls: [...new Set(urls)].sort(),
    ttl: places.length === 0 ? undefined : Math.min(...places.map(({ ttl }) => ttl)),
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly ttl: number;
}

/**
 * IPv6 only where a name has no IPv4: with both, an instance of a dual-stack cluster would be listed twice, and a retry
 * "on another instance" could go to the same one.
 */
async function addresses(client: DnsClient, name: string, port: number): Promise<Place[]> {
  let records = await orNone(client.resolve4(name, { ttl: true }));
  if (records.length === 0) records = await orNone(client.resolve6(name, { ttl: true }));
  return records.map(({ address, ttl }) => ({ host: address, port, ttl }));
}

/**
 * The records of the lowest priority (RFC 2782). Their weights are ignored: the balancer measures. Node does not tell
 * the TTL of SRV records; that of their addresses stands for it.
 */
async function srvPlaces(client: DnsClient, name: string): Promise<Place[]> {
  const records = await orNone(client.resolveSrv(name));
  const first = Math.min(...records.map(({ priority }) => priority));
  const targets = records.filter((record) => record.priority === first && record.name !== '');
  return (await Promise.all(targets.map((target) => addresses(client, target.name, target.port)))).flat();
}

const absent = new Set(['ENOTFOUND', 'ENODATA']);

async function orNone<T>(asking: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asking;
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
