import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { System } from '@causeway/launcher';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { flameGraph, type CpuProfile } from './flame-graph.js';
import { inFolder } from './infrastructure.js';
import { cpuSeconds } from './measure.js';
import { OrderLoad } from './orders/load.js';
import { placeAll, startMeasured } from './orders/measured-system.js';
import { figure, type Section } from './section.js';

const reports = fileURLToPath(new URL('../../../docs/reports', import.meta.url));

/** Orders that have ended long ago, as a busy shop would have them. */
async function store(system: System, orders: number): Promise<void> {
  const client = new pg.Client(sessionConfig(system.databaseUrl('order')));
  await client.connect();
  await client.query(
    `INSERT INTO orders (id, customer_id, payment_id, status, step, stock_held, currency, total_minor, address_sealed, card_token_sealed, placed_at, updated_at)
     SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'CONFIRMED', NULL, true, 'EUR', 1000, repeat('x', 240), repeat('x', 60), now(), now()
       FROM generate_series(1, $1)`,
    [orders],
  );
  await client.query('ANALYZE');
  await client.end();
}

/** One line of the table: so many orders, with what CPU, and who was the busiest. */
async function measure(system: System, orders: number): Promise<string[]> {
  const load = await OrderLoad.of(system);
  await placeAll(load, Math.min(orders, 300));
  const processes = [
    ...system.services.map(({ id, pid }) => [id, pid] as const),
    ['PostgreSQL', system.postgres.pid] as const,
    ['NATS', system.nats.pid] as const,
  ];
  const before = processes.map(([, pid]) => cpuSeconds(pid));
  const begun = performance.now();
  const { confirmedPerSecond } = await placeAll(load, orders);
  const seconds = (performance.now() - begun) / 1_000;
  const shares = processes.map(([id, pid], at) => ({ id, share: (cpuSeconds(pid) - before[at]!) / seconds }));
  const [first] = shares.toSorted((a, b) => b.share - a.share);
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  await load.close();
  return [figure(confirmedPerSecond), total.toFixed(2), `${first!.id}, ${first!.share.toFixed(2)} processors`];
}

async function profile(folder: string, orders: number): Promise<void> {
  const profiles = join(folder, 'profiles');
  const system = await startMeasured(
    join(folder, 'profiled'),
    {},
    {},
    {
      payment: `--cpu-prof --cpu-prof-dir=${profiles}`,
    },
  );
  try {
    await sleep(1_000);
    await measure(system, orders);
  } finally {
    await system.stop();
  }
  const newest = readdirSync(profiles).sort().at(-1)!;
  const graph = flameGraph(
    JSON.parse(readFileSync(join(profiles, newest), 'utf8')) as CpuProfile,
    'payment under load',
  );
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, 'flame-payment.svg'), graph);
}

export const scale: Section = {
  name: 'scale',
  title: 'More instances, and more orders stored',
  run: ({ quick, say }) =>
    inFolder(async (folder) => {
      const [orders, most] = quick ? [20, 1] : [1_000, 3];
      const rows: string[][] = [];
      for (let instances = 1; instances <= most; instances += 1) {
        say(`${instances} of order and payment`);
        const system = await startMeasured(
          join(folder, `system-${instances}`),
          {},
          { order: instances, payment: instances },
        );
        try {
          await sleep(2_000);
          rows.push([`${instances}`, 'few', ...(await measure(system, orders))]);
          if (instances > 1) continue;
          for (const stored of quick ? [1_000] : [10_000, 100_000]) {
            say(`${stored} orders stored`);
            await store(system, stored);
            rows.push(['1', `${stored}`, ...(await measure(system, orders))]);
          }
        } finally {
          await system.stop();
        }
      }
      if (!quick) await profile(folder, orders);
      return [
        {
          title: 'CONFIRMED a second',
          columns: [
            'instances of order and payment',
            'orders stored',
            'CONFIRMED/s',
            'processors in use',
            'busiest process',
          ],
          rows,
          note: 'On two cores everything shares, more instances cannot be faster; the table shows that they cost little, and that stored orders do not slow down new ones. `flame-payment.svg` is a CPU profile of payment under this load.',
        },
      ];
    }),
};
