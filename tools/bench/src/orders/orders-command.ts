import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as Launcher from '@causeway/launcher';
import { residentBytes } from '../memory.js';
import { Counter, perUnit } from '../measure.js';
import { OrderLoad, unlimited } from './load.js';

const { values: options } = parseArgs({
  options: {
    /** A built checkout to measure instead of this one. */
    base: { type: 'string' },
    clients: { type: 'string', default: '32' },
    orders: { type: 'string', default: '1500' },
    warmup: { type: 'string', default: '500' },
    sampling: { type: 'string', default: '1' },
    top: { type: 'string', default: '0' },
    profile: { type: 'string' },
    env: { type: 'string', multiple: true, default: [] },
  },
});
/** Idle sessions of PostgreSQL report their counts after 10 s. */
const settleMs = 11_000;
const out = (line = ''): void => void process.stdout.write(`${line}\n`);
const launcher = (await import(
  options.base ? pathToFileURL(join(resolve(options.base), 'tools/launcher/dist/index.js')).href : '@causeway/launcher'
)) as typeof Launcher;

const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
const all: Record<string, string> = { OTEL_TRACES_SAMPLER_ARG: options.sampling };
for (const pair of options.env) all[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
const profiled = options.profile
  ? { [options.profile]: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(tmpdir(), 'causeway-profiles')}` } }
  : {};
const system = await launcher.startSystem({
  folder,
  ports: 'any',
  env: { all, ...profiled, gateway: { ...unlimited, ...(profiled['gateway'] ?? {}) } },
});
try {
  const counter = await Counter.of(system);
  await sleep(3_000);
  const load = await OrderLoad.of(system);
  const take = (orders: number) => {
    let next = 0;
    return () => (next < orders ? next++ : undefined);
  };
  await load.run(Number(options.clients), take(Number(options.warmup)));
  await load.drained();
  await sleep(settleMs);
  await counter.resetStatements();
  const before = await counter.read();
  const begun = performance.now();
  await load.run(Number(options.clients), take(Number(options.orders)));
  const placedMs = performance.now() - begun;
  const confirmedThen = (await load.confirmed()) - Number(options.warmup);
  await load.drained();
  const allMs = performance.now() - begun;
  await sleep(settleMs);
  const after = await counter.read();
  const each = perUnit(before, after, Number(options.orders));
  out(
    `accepted ${((Number(options.orders) / placedMs) * 1_000).toFixed(0)}/s, confirmed by then ${confirmedThen}, all confirmed ${((Number(options.orders) / allMs) * 1_000).toFixed(1)}/s, refused ${JSON.stringify([...load.refused])}`,
  );
  out(
    `per order: ${(each.cpuTotal * 1_000).toFixed(1)} ms CPU, ${each.commits.toFixed(2)} commits, ${each.walFlushes.toFixed(2)} flushes, ${each.statements.toFixed(1)} statements, ${(each.planningSeconds * 1_000).toFixed(2)} ms planning, ${(each.walBytes / 1_024).toFixed(1)} kB WAL`,
  );
  out(
    Object.entries(each.cpu)
      .map(([id, seconds]) => `${id} ${(seconds * 1_000).toFixed(1)}`)
      .join(', '),
  );
  out(
    `resident: ${system.services.map(({ id, pid }) => `${id} ${Math.round(residentBytes(pid) / 1_048_576)}`).join(', ')} MB`,
  );
  for (const { database, calls, ms, text } of await counter.topStatements(Number(options.top)))
    out(
      `${(calls / Number(options.orders)).toFixed(2)} × ${((ms / calls) * 1_000).toFixed(0)} µs  ${database}: ${text}`,
    );
  const idleBefore = await counter.read();
  await sleep(10_000);
  const idle = perUnit(idleBefore, await counter.read(), 10);
  out(
    `idle, each second: ${idle.commits.toFixed(1)} commits, ${idle.statements.toFixed(1)} statements, ${(idle.cpuTotal * 1_000).toFixed(0)} ms CPU`,
  );
  await load.close();
  await counter.close();
} finally {
  await system.stop();
  rmSync(folder, { recursive: true, force: true });
}
