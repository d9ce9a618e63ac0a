import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTraceReceiver } from '@causeway/demo-client';
import type { System } from '@causeway/launcher';
import { inFolder } from '../infrastructure.js';
import type { Table } from '../section.js';
import { OrderLoad } from './load.js';
import { placeAll, startMeasured, type MeasuredOptions } from './measured-system.js';

/** Spans are exported twice a second. */
const settleMs = 2_000;

/** What services have sent since they started. */
export interface Traffic {
  /** Round trips to PostgreSQL: how often something was sent after something had arrived, over all connections. */
  readonly roundTrips: number;
  /** Messages to NATS: events, commands, requests, replies, acknowledgements, and what JetStream is asked. */
  readonly messages: number;
}

/** Settings for services whose traffic is to be counted. The folder must exist. */
export const countingTraffic = (folder: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${new URL('../../dist/orders/traffic-preload.js', import.meta.url).href}`,
  TRAFFIC_FOLDER: folder,
});

/** The counts by instance, up to about 100 ms ago. */
export function trafficOf(system: System, folder: string): Readonly<Record<string, Traffic>> {
  const files = new Set(readdirSync(folder));
  const none: Traffic = { roundTrips: 0, messages: 0 };
  return Object.fromEntries(
    system.services.map(({ id, pid }) => {
      const file = `${pid}.json`;
      return [id, files.has(file) ? (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Traffic) : none];
    }),
  );
}

/** What services send and record for one order, counted in a system of its own: counting costs CPU. */
export const trafficTable = (
  options: MeasuredOptions & { readonly warmUp: number; readonly orders: number },
): Promise<Table> =>
  inFolder(async (folder) => {
    const counts = join(folder, 'counts');
    mkdirSync(counts);
    const receiver = await startTraceReceiver(0, { maxSpans: 1 });
    const env = { ...options.env, ...countingTraffic(counts), OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const system = await startMeasured(join(folder, 'system'), { ...options, sampling: '1', env });
    try {
      const load = await OrderLoad.of(system);
      await placeAll(load, Math.min(500, options.warmUp));
      await sleep(settleMs);
      const [before, spansBefore] = [trafficOf(system, counts), receiver.received];
      await placeAll(load, options.orders);
      await sleep(settleMs);
      const [after, spansAfter] = [trafficOf(system, counts), receiver.received];
      await load.close();
      const rows = Object.entries(after).map(
        ([id, { roundTrips, messages }]) =>
          [
            id,
            (roundTrips - before[id]!.roundTrips) / options.orders,
            (messages - before[id]!.messages) / options.orders,
          ] as const,
      );
      const sum = (column: 1 | 2): number => rows.reduce((total, row) => total + row[column], 0);
      const spans = (spansAfter - spansBefore) / options.orders;
      return {
        title: 'Traffic for one order',
        columns: ['process', 'round trips to PostgreSQL', 'messages to NATS'],
        rows: [...rows, ['all', sum(1), sum(2)] as const].map(([id, ...figures]) => [
          id,
          ...figures.map((value) => value.toFixed(1)),
        ]),
        note: `A trace that is recorded has ${spans.toFixed(1)} spans. Acknowledgements, replies and requests to JetStream are messages, too.`,
      };
    } finally {
      await system.stop();
      await receiver.stop();
    }
  });
