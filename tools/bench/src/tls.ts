import { join } from 'node:path';
import type { System } from '@causeway/launcher';
import { sessionConfig } from '@causeway/persistence/session';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { inFolder } from './infrastructure.js';
import { cpuSeconds } from './measure.js';
import { OrderLoad } from './orders/load.js';
import { placeAll, startMeasured } from './orders/measured-system.js';
import { barOf } from './rounds.js';
import { figure, withSpread, type Section, type Table } from './section.js';

/** What one order takes, CPU in milliseconds by part of the system, and the rate of the round. */
interface Cost {
  readonly services: number;
  readonly PostgreSQL: number;
  readonly NATS: number;
  readonly all: number;
  readonly rate: number;
}

const parts = ['services', 'PostgreSQL', 'NATS', 'all'] as const;

function cpuOf({ services, postgres, nats }: System): Record<(typeof parts)[number], number> {
  const cpu = {
    services: services.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    PostgreSQL: cpuSeconds(postgres.pid),
    NATS: cpuSeconds(nats.pid),
  };
  return { ...cpu, all: cpu.services + cpu.PostgreSQL + cpu.NATS };
}

async function costOf(system: System, load: OrderLoad, orders: number): Promise<Cost> {
  const before = cpuOf(system);
  const { confirmedPerSecond } = await placeAll(load, orders);
  const after = cpuOf(system);
  const each = (part: (typeof parts)[number]): number => ((after[part] - before[part]) / orders) * 1_000;
  return {
    services: each('services'),
    PostgreSQL: each('PostgreSQL'),
    NATS: each('NATS'),
    all: each('all'),
    rate: confirmedPerSecond,
  };
}

/** Milliseconds until a new connection is there, one after the other. */
async function connecting({ postgres, nats, secrets, trust }: System, times: number): Promise<[number, number]> {
  const [toPostgres, toNats]: [number[], number[]] = [[], []];
  for (let time = 0; time < times; time += 1) {
    const client = new pg.Client(sessionConfig(postgres.url(), trust?.postgres));
    let begun = performance.now();
    await client.connect();
    toPostgres.push(performance.now() - begun);
    await client.end();
    begun = performance.now();
    const account = { user: 'operator', pass: secrets.nats['operator'], inboxPrefix: '_INBOX_operator' };
    const nc = await connect({ servers: nats.url, ...account, ...(trust && { tls: trust.nats }) });
    toNats.push(performance.now() - begun);
    await nc.close();
  }
  return [barOf('', toPostgres).value, barOf('', toNats).value];
}

/** Median and quartiles of the ratios within a round: its two halves were measured one right after the other. */
function ratioOf(plain: readonly number[], encrypted: readonly number[]): string {
  const ratios = encrypted.map((value, round) => value / plain[round]!).toSorted((a, b) => a - b);
  const at = (share: number): string => ratios[Math.floor(share * (ratios.length - 1))]!.toFixed(2);
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`;
}

function costTable(plain: readonly Cost[], encrypted: readonly Cost[]): Table {
  const row = (title: string, part: keyof Cost): string[] => {
    const [without, using] = [plain, encrypted].map((costs) => costs.map((cost) => cost[part])) as [number[], number[]];
    return [title, ...[without, using].map((values) => withSpread(barOf('', values))), ratioOf(without, using)];
  };
  return {
    title: 'One CONFIRMED order, 32 clients',
    columns: ['', 'plain', 'TLS', 'TLS ÷ plain'],
    rows: [...parts.map((part) => row(`CPU of ${part}, ms`, part)), row('CONFIRMED a second', 'rate')],
    note: 'Two systems that run at once and take turns, one with `npm start -- --tls`. HTTP between services is plain in both. The ratio is that within a round, with its quartiles.',
  };
}

async function measure(folder: string, orders: number, rounds: number, say: (line: string) => void): Promise<Table[]> {
  const systems: System[] = [];
  try {
    for (const tls of [false, true]) systems.push(await startMeasured(join(folder, `tls-${tls}`), { tls }));
    const [plain, encrypted] = systems as [System, System];
    const loads = await Promise.all(systems.map((system) => OrderLoad.of(system)));
    const costs: [Cost[], Cost[]] = [[], []];
    for (let round = 0; round <= rounds; round += 1) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}: ${orders} orders each`);
      // By turns the first one, so that whatever comes with being it comes to both.
      for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const cost = await costOf(systems[at]!, loads[at]!, orders);
        if (round > 0) costs[at as 0 | 1].push(cost);
      }
    }
    await Promise.all(loads.map((load) => load.close()));
    say('connections');
    const [toPlain, toEncrypted] = [await connecting(plain, 100), await connecting(encrypted, 100)];
    const connections = ['PostgreSQL', 'NATS'].map((server, at) => [
      server,
      figure(toPlain[at]!),
      figure(toEncrypted[at]!),
    ]);
    return [
      costTable(...costs),
      {
        title: 'A new connection',
        columns: ['to', 'plain, ms', 'TLS, ms'],
        rows: connections,
        note: 'Services keep theirs: a pool opens one when the load rises, and closes it after half a minute without use.',
      },
    ];
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}

export const tls: Section = {
  name: 'tls',
  title: 'The price of TLS to PostgreSQL and NATS',
  long: true,
  run: ({ quick, say }) => inFolder((folder) => (quick ? measure(folder, 20, 1, say) : measure(folder, 100, 24, say))),
};
