import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { System } from '@causeway/launcher';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { inFolder } from '../infrastructure.js';
import { WorkCounter, perUnit, type PerUnit } from '../measure.js';
import { residentBytes } from '../memory.js';
import { barOf, perSecond } from '../rounds.js';
import { figure, withSpread, type Bar, type Section, type Table } from '../section.js';
import { OrderLoad } from './load.js';
import { clients, placeAll, startMeasured, type MeasuredOptions, type Round } from './measured-system.js';
import { trafficTable } from './traffic.js';

/** Idle sessions of PostgreSQL report their counts after 10 s. */
const settleMs = 11_000;

export interface OrdersOptions extends MeasuredOptions {
  /** Orders before anything is measured, and in each round. */
  readonly warmUp: number;
  readonly orders: number;
  readonly rounds: number;
}

/**
 * Orders that arrive at a fixed rate, whatever the system does. The time of each counts from when it should have been
 * sent, so that a system that stalls cannot hide it by slowing down its clients (coordinated omission).
 * @returns Milliseconds until accepted, sorted.
 */
async function arriveAt(load: OrderLoad, perSecond: number, orders: number): Promise<number[]> {
  const begun = performance.now();
  const waits = Array.from({ length: orders }, async (_, index) => {
    const dueAt = begun + (index / perSecond) * 1_000;
    await sleep(Math.max(0, dueAt - performance.now()));
    await load.place(index);
    return performance.now() - dueAt;
  });
  return (await Promise.all(waits)).toSorted((a, b) => a - b);
}

/** `SELECT place_order(…)` through bare `pg`, with requests like those of the service. */
async function barePlaceOrder(system: System, ms: number): Promise<number> {
  const pool = new pg.Pool({ ...sessionConfig(system.databaseUrl('order')), max: clients });
  try {
    const { rows: products } = await pool.query<{ id: string }>('SELECT id FROM products ORDER BY id LIMIT 20');
    const message = {
      specversion: '1.0',
      source: '/bench',
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
    };
    let count = 0;
    const once = () => {
      const [orderId, paymentId, key] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
      const envelope = (type: string, subject: string, data: object) => ({
        ...message,
        id: crypto.randomUUID(),
        type,
        subject,
        data,
      });
      const request = {
        orderId,
        paymentId,
        customerId: '01939f00-0000-7000-8000-000000000001',
        items: [{ productId: products[count++ % products.length]!.id, quantity: 1 }],
        addressSealed: 'x'.repeat(240),
        cardTokenSealed: 'x'.repeat(60),
        redriveMs: 3_600_000,
        paymentLimitMs: 7_200_000,
        idempotency: { subject: 'bench', route: 'POST /v1/orders', key, fingerprint: 'x' },
        // Not a subject of ours: nobody handles it.
        placedMessage: envelope('order.evt.bench.v1', orderId, { orderId }),
        authorizeMessage: envelope('order.evt.bench.v1', orderId, { orderId }),
      };
      return pool.query('SELECT place_order($1::jsonb) AS result', [JSON.stringify(request)]);
    };
    return await perSecond(once, clients, ms);
  } finally {
    // The relay must not try to publish them, nor the saga wait for them.
    await pool.query(`DELETE FROM causeway.outbox WHERE subject = 'order.evt.bench.v1'`);
    await pool.query(`DELETE FROM saga_timers WHERE order_id IN (SELECT id FROM orders WHERE address_sealed = $1)`, [
      'x'.repeat(240),
    ]);
    await pool.end();
  }
}

async function startDbos(system: System): Promise<ChildProcess> {
  // It creates its own tables.
  const passwords = { password: 'bench', ownerPassword: 'bench' };
  const { migrationUrl } = await system.postgres.ensureDatabase('dbos', passwords);
  const child = fork(fileURLToPath(new URL('dbos-process.js', import.meta.url)), [migrationUrl], { silent: true });
  await once(child, 'message');
  return child;
}

async function dbosRate(child: ChildProcess, ms: number): Promise<number> {
  child.send({ inFlight: clients, ms });
  const [rate] = (await once(child, 'message')) as [number];
  return rate;
}

/** What one order costs, by process and by count. */
function costTables(cost: PerUnit): Table[] {
  const ms = (seconds: number): string => (seconds * 1_000).toFixed(2);
  return [
    {
      title: 'CPU for one CONFIRMED order',
      columns: ['process', 'ms'],
      rows: [...Object.entries(cost.cpu).map(([id, seconds]) => [id, ms(seconds)]), ['all', ms(cost.cpuTotal)]],
    },
    {
      title: 'Work of PostgreSQL for one order',
      columns: ['count', 'per order', 'aim'],
      rows: [
        ['commits', cost.commits.toFixed(2), '≤ 5'],
        ['WAL flushes', cost.walFlushes.toFixed(2), '≤ 1.7'],
        ['statements', cost.statements.toFixed(1), '≤ 40'],
        ['planning, ms', ms(cost.planningSeconds), '≤ 0.5'],
        ['WAL, kB', (cost.walBytes / 1_024).toFixed(1), ''],
      ],
    },
  ];
}

/** Measures a system; every figure that depends on the machine stands beside its peer's. */
async function measureOrders(options: OrdersOptions, say: (line: string) => void): Promise<readonly Table[]> {
  return inFolder(async (folder) => {
    const system = await startMeasured(join(folder, 'system'), options);
    let dbos: ChildProcess | undefined;
    try {
      const counter = await WorkCounter.of(system);
      await sleep(3_000);
      const load = await OrderLoad.of(system);
      say('idle');
      await sleep(settleMs);
      const quiet = await counter.read();
      await sleep(20_000);
      const idle = perUnit(quiet, await counter.read(), 20);
      say(`${options.warmUp} orders to warm up`);
      await placeAll(load, options.warmUp);
      dbos = await startDbos(system);
      const roundMs = 1_000 * Math.max(2, options.orders / 200);
      await dbosRate(dbos, roundMs);
      const rounds: Round[] = [];
      const [dbosRates, bareRates, costs] = [[] as number[], [] as number[], [] as PerUnit[]];
      for (let round = 1; round <= options.rounds; round += 1) {
        say(`round ${round} of ${options.rounds}: ${options.orders} orders, then DBOS and the bare function`);
        await sleep(settleMs);
        await counter.resetStatements();
        const before = await counter.read();
        rounds.push(await placeAll(load, options.orders));
        const cpu = (await counter.read()).cpu;
        await sleep(settleMs);
        costs.push(perUnit(before, { ...(await counter.read()), cpu }, options.orders));
        dbosRates.push(await dbosRate(dbos, roundMs));
        bareRates.push(await barePlaceOrder(system, roundMs / 2));
      }
      say('one client');
      const alone = Math.max(10, Math.round(options.orders / 20));
      const before = (await counter.read()).cpu;
      const one = await placeAndConfirm(load, alone);
      const after = (await counter.read()).cpu;
      const aloneCpu =
        Object.entries(after).reduce((sum, [id, seconds]) => sum + seconds - (before[id] ?? 0), 0) / alone;
      const rate =
        0.6 *
        barOf(
          '',
          rounds.map(({ confirmedPerSecond }) => confirmedPerSecond),
        ).value;
      say(`${figure(rate)} orders a second, as they come`);
      const arrivals = await arriveAt(load, rate, options.orders);
      await load.drained();
      const share = (part: number): string => figure(arrivals[Math.floor(part * (arrivals.length - 1))]!);
      say('one hot product');
      const twenty = await placeAll(load, options.orders);
      const hot = await OrderLoad.of(system, 1);
      const single = await placeAll(hot, options.orders);
      await hot.close();
      const lines = (
        await Promise.all(
          system.services.map(async ({ logFile }) => (await import('node:fs/promises')).readFile(logFile, 'utf8')),
        )
      ).join('\n');
      const resident = system.services.map(({ id, pid }): string[] => [
        id,
        String(Math.round(residentBytes(pid) / 1_048_576)),
      ]);
      await load.close();
      await counter.close();
      const bars: Bar[] = [
        barOf(
          'ours: CONFIRMED end to end',
          rounds.map(({ confirmedPerSecond }) => confirmedPerSecond),
        ),
        barOf('DBOS: workflow of three steps', dbosRates),
      ];
      const accepted = barOf(
        'accepted',
        rounds.map(({ acceptedPerSecond }) => acceptedPerSecond),
      );
      const bare = barOf('bare place_order', bareRates);
      const placing = barOf(
        '',
        rounds.flatMap(({ placingMs }) => placingMs),
      );
      return [
        {
          title: `Orders a second, ${clients} clients`,
          columns: ['', 'a second', 'ratio', 'aim'],
          rows: [
            [bars[0]!.name, withSpread(bars[0]!), (bars[0]!.value / bars[1]!.value).toFixed(2), '≥ 1.0 of DBOS'],
            [bars[1]!.name, withSpread(bars[1]!), '', ''],
            [
              'ours: accepted (202)',
              withSpread(accepted),
              (accepted.value / bare.value).toFixed(2),
              '≥ 0.15 of the bare function',
            ],
            ['bare `place_order` through pg', withSpread(bare), '', ''],
            [
              'CONFIRMED while accepting',
              '',
              barOf(
                '',
                rounds.map(({ whileAccepting }) => whileAccepting),
              ).value.toFixed(2),
              '≥ 0.9',
            ],
            [
              'one hot product',
              figure(single.acceptedPerSecond),
              (single.acceptedPerSecond / twenty.acceptedPerSecond).toFixed(2),
              '≥ 0.8 of twenty',
            ],
          ],
          note: `Ours is a whole system that shares the processors: gateway, four services, broker, database. Accepting took ${figure(placing.value)} ms in the median; ${[...load.refused].map(([status, count]) => `${count} × ${status}`).join(', ') || 'no request was refused'}.`,
          bars: { unit: 'orders/s', values: bars },
        },
        ...costTables(medianOf(costs)),
        {
          title: 'One client, one order at a time',
          columns: ['', ''],
          rows: [
            ['CPU of the whole system, ms', (aloneCpu * 1_000).toFixed(1)],
            ['until accepted, ms, p50', figure(one.acceptedMs)],
            ['until CONFIRMED, ms, p50', figure(one.confirmedMs)],
          ],
        },
        {
          title: `${figure(rate)} orders a second, as they come (60 % of what the system can do)`,
          columns: ['', 'ms'],
          rows: [
            ['until accepted, p50', share(0.5)],
            ['until accepted, p99', share(0.99)],
            ['until accepted, longest', share(1)],
          ],
          note: 'Counted from when an order should have been sent, so a stall shows in all that came during it.',
        },
        {
          title: 'Idle, and after the load',
          columns: ['', ''],
          rows: [
            ['commits a second, idle, whole system (aim ≤ 4)', idle.commits.toFixed(1)],
            [
              'log lines about an absent database or an open breaker (aim 0)',
              String(
                lines.split('\n').filter((line) => /database unavailable|circuit breaker of \S+ is open/.test(line))
                  .length,
              ),
            ],
            ...resident.map(([id, megabytes]): string[] => [`resident after the load, ${id}, MB`, megabytes!]),
          ],
        },
      ];
    } finally {
      dbos?.kill();
      await system.stop();
    }
  });
}

async function placeAndConfirm(load: OrderLoad, orders: number): Promise<{ acceptedMs: number; confirmedMs: number }> {
  const [acceptedMs, confirmedMs] = [[] as number[], [] as number[]];
  for (let index = 0; index < orders; index += 1) {
    const begun = performance.now();
    acceptedMs.push(await load.place(index));
    while ((await load.unfinished()) > 0) await sleep(2);
    confirmedMs.push(performance.now() - begun);
  }
  return { acceptedMs: barOf('', acceptedMs).value, confirmedMs: barOf('', confirmedMs).value };
}

/** The round with the median CPU. */
const medianOf = (costs: readonly PerUnit[]): PerUnit =>
  costs.toSorted((a, b) => a.cpuTotal - b.cpuTotal)[Math.floor(costs.length / 2)]!;

const thorough: Pick<OrdersOptions, 'warmUp' | 'orders' | 'rounds'> = { warmUp: 2_000, orders: 2_000, rounds: 3 };

/** @param options.base Measures that checkout as thoroughly as this one by default. */
export async function ordersTables(
  options: Partial<OrdersOptions>,
  say: (line: string) => void,
): Promise<readonly Table[]> {
  const complete = { ...thorough, ...options };
  const tables = await measureOrders(complete, say);
  say('traffic');
  return [...tables, await trafficTable(complete)];
}

export const orders: Section = {
  name: 'orders',
  title: 'Orders through the whole system',
  run: ({ quick, say }) => ordersTables(quick ? { warmUp: 20, orders: 40, rounds: 1 } : thorough, say),
};
