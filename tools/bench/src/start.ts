import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shopper } from '@causeway/demo-client';
import { startSystem, type ServiceInstance, type System } from '@causeway/launcher';
import { residentBytes, treeBytes } from './memory.js';

type NewOrder = Parameters<Shopper['placeOrder']>[0];

const rounds = 5;
const settleMs = 10_000;
const out = (line = ''): void => void process.stdout.write(`${line}\n`);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Start to the first order that is paid. */
async function untilConfirmed(
  folder: string,
  compileCache: string,
): Promise<{ readonly system: System; readonly upMs: number; readonly confirmedMs: number }> {
  const begun = performance.now();
  const system = await startSystem({ folder, ports: 'any', env: { all: { NODE_COMPILE_CACHE: compileCache } } });
  try {
    const upMs = performance.now() - begun;
    const customer = await Shopper.create(system.endpoints);
    const [address, products] = [await customer.addAddress(), await customer.products()];
    const items = [{ productId: products[0]!.id, quantity: 2 }];
    const order = { items, shippingAddressId: address.id, paymentMethodToken: 'tok_success' };
    await customer.waitFor(await accepted(customer, order), ['CONFIRMED']);
    return { system, upMs, confirmedMs: performance.now() - begun };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** Places an order, again with the same key while the services, which have compiled nothing yet, miss its deadline. */
async function accepted(customer: Shopper, order: NewOrder): Promise<string> {
  const key = randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    const { status, body } = await customer.placeOrder(order, key);
    if (status === 202) return body.id;
    if (attempt === 10 || status < 500)
      throw new Error(`the order was answered with ${status}: ${JSON.stringify(body)}`);
  }
}

/** One service after the other, so that none competes for the processors with another that starts. */
async function startTimes(instance: ServiceInstance): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await instance.restart();
    times.push(instance.readyMs);
  }
  return times;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const compileCache = join(folder, 'compile-cache');
  out(`Start-up and memory, ${availableParallelism()} processors, Node ${process.version}. Takes about two minutes.`);
  let running: System | undefined;
  try {
    const cold = await untilConfirmed(join(folder, 'data'), compileCache);
    await cold.system.stop();
    const warm = [];
    for (let round = 0; round < 3; round += 1) {
      const each = await untilConfirmed(join(folder, 'data'), compileCache);
      warm.push(each);
      running = each.system;
      if (round < 2) await each.system.stop();
    }
    out();
    out('| start | all services ready | first order CONFIRMED |\n|---|---|---|');
    out(`| cold: no data, no compiled code | ${seconds(cold.upMs)} | ${seconds(cold.confirmedMs)} |`);
    out(
      `| warm, median of 3 | ${seconds(median(warm.map(({ upMs }) => upMs)))} | ${seconds(median(warm.map(({ confirmedMs }) => confirmedMs)))} |`,
    );
    const system = running!;
    out();
    out(`| service, alone | process start to ready, median of ${rounds} (min–max) | resident, idle |\n|---|---|---|`);
    const times = new Map<ServiceInstance, number[]>();
    for (const instance of system.services) times.set(instance, await startTimes(instance));
    await sleep(settleMs);
    for (const [instance, values] of times) {
      out(
        `| ${instance.id} | ${seconds(median(values))} (${seconds(Math.min(...values))}–${seconds(Math.max(...values))}) | ${megabytes(residentBytes(instance.pid))} |`,
      );
    }
    const parts = { PostgreSQL: treeBytes(system.postgres.pid), NATS: treeBytes(system.nats.pid) };
    const services = system.services.reduce((sum, { pid }) => sum + treeBytes(pid), 0);
    for (const [name, bytes] of Object.entries(parts)) out(`| ${name} | | ${megabytes(bytes)} |`);
    out(`| the whole system, without the launcher | | ${megabytes(services + parts.PostgreSQL + parts.NATS)} |`);
  } finally {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
