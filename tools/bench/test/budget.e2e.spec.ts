import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '@causeway/launcher';
import { inFolder } from '../src/infrastructure.js';
import { WorkCounter, perUnit } from '../src/measure.js';
import { OrderLoad } from '../src/orders/load.js';
import { placeAll, startMeasured } from '../src/orders/measured-system.js';
import { countingTraffic, trafficOf } from '../src/orders/traffic.js';

type Budget = Readonly<
  Record<'commits' | 'walFlushes' | 'statements' | 'roundTrips' | 'messages' | 'idleCommitsPerSecond', number>
>;
const budget = JSON.parse(readFileSync(new URL('../budget.json', import.meta.url), 'utf8')) as Budget;

/** Idle sessions of PostgreSQL report their counts after 10 s. */
const settleMs = 11_000;
const orders = 80;

async function count(system: System, traffic: string): Promise<Budget> {
  const counter = await WorkCounter.of(system);
  await counter.stopAutovacuum();
  const load = await OrderLoad.of(system);
  try {
    await placeAll(load, orders, 8);
    await sleep(settleMs);
    await counter.resetStatements();
    const [before, sentBefore] = [await counter.read(), trafficOf(system, traffic)];
    await placeAll(load, orders, 8);
    const sent = Object.entries(trafficOf(system, traffic)).map(([id, { roundTrips, messages }]) => ({
      roundTrips: (roundTrips - sentBefore[id]!.roundTrips) / orders,
      messages: (messages - sentBefore[id]!.messages) / orders,
    }));
    await sleep(settleMs);
    const after = await counter.read();
    await sleep(settleMs);
    const idle = perUnit(after, await counter.read(), settleMs / 1_000);
    const { commits, walFlushes, statements } = perUnit(before, after, orders);
    const roundTrips = sent.reduce((sum, each) => sum + each.roundTrips, 0);
    const messages = sent.reduce((sum, each) => sum + each.messages, 0);
    return { commits, walFlushes, statements, roundTrips, messages, idleCommitsPerSecond: idle.commits };
  } finally {
    await load.close();
    await counter.close();
  }
}

// Counts do not depend on the speed of the machine, only on how many orders meet. They fall as the load rises.
test('an order costs no more work of PostgreSQL and no more traffic than the budget allows', async () => {
  const counted = await inFolder(async (folder) => {
    const traffic = join(folder, 'traffic');
    mkdirSync(traffic);
    const system = await startMeasured(join(folder, 'system'), { env: countingTraffic(traffic) });
    try {
      return await count(system, traffic);
    } finally {
      await system.stop();
    }
  });
  console.info(`per order, 8 clients: ${JSON.stringify(counted)}`);
  const exceeded = Object.entries(budget).filter(([name, most]) => counted[name as keyof Budget] > most);
  const sentences = exceeded.map(
    ([name, most]) =>
      `${name}: ${counted[name as keyof Budget].toFixed(2)} per order, budget ${most}. Which statement is new? npm run bench:orders shows all counts, docs/guides/performance.md where they come from. If it is worth its price, raise tools/bench/budget.json in the same commit.`,
  );
  expect(sentences).toEqual([]);
}, 300_000);
