import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Launcher from '@causeway/launcher';
import type { System } from '@causeway/launcher';
import { unlimited, type OrderLoad } from './load.js';

export const clients = 32;

export interface MeasuredOptions {
  /** A built checkout to measure instead of this one. */
  readonly base?: string;
  /** Fraction of traces that is recorded. Default 0.1, as outside of a laptop. */
  readonly sampling?: string;
  /** PostgreSQL and NATS encrypt. Default false. */
  readonly tls?: boolean;
  /** Settings for all services. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a system under benchmark conditions: durable, without rate limits. */
export async function startMeasured(
  folder: string,
  { base, sampling = '0.1', tls, env = {} }: MeasuredOptions,
  instances: Partial<Record<'order' | 'payment', number>> = {},
  nodeOptions: Readonly<Record<string, string>> = {},
): Promise<System> {
  const { startSystem } = (await import(
    base ? pathToFileURL(join(resolve(base), 'tools/launcher/dist/index.js')).href : '@causeway/launcher'
  )) as typeof Launcher;
  const profiled = Object.fromEntries(
    Object.entries(nodeOptions).map(([name, value]) => [name, { NODE_OPTIONS: value }]),
  );
  return startSystem({
    folder,
    ports: 'any',
    instances,
    tls,
    env: {
      all: { OTEL_TRACES_SAMPLER_ARG: sampling, ...env },
      ...profiled,
      gateway: { ...unlimited, ...profiled['gateway'] },
    },
  });
}

/** One round of a closed loop. */
export interface Round {
  readonly acceptedPerSecond: number;
  readonly confirmedPerSecond: number;
  /** Orders that were CONFIRMED when the last one was accepted, as a share of all. */
  readonly whileAccepting: number;
  readonly placingMs: readonly number[];
}

/** Places so many orders with 32 clients, and waits until all have ended. */
export async function placeAll(load: OrderLoad, orders: number, atOnce = clients): Promise<Round> {
  const before = await load.confirmed();
  const placingMs: number[] = [];
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < orders) placingMs.push(await load.place(next++));
    }),
  );
  const accepted = performance.now();
  const whileAccepting = ((await load.confirmed()) - before) / orders;
  await load.drained();
  const seconds = (until: number): number => (until - begun) / 1_000;
  return {
    acceptedPerSecond: orders / seconds(accepted),
    confirmedPerSecond: orders / seconds(performance.now()),
    whileAccepting,
    placingMs,
  };
}
