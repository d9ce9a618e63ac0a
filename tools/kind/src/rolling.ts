import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest, Rendered } from '@causeway/manifests';
import { withoutDrain } from './control.js';
import { namespace, type Kubectl } from './kubectl.js';
import { startLoad, type Load, type LoadOptions, type LoadResult } from './load.js';
import { endpointsAt } from './reach.js';
import { Inconclusive, Refused } from './run.js';
import { Warehouse } from './stock.js';
import { controlDrops, judge, tableOf } from './verdict.js';
import { waitUntilReady } from './wait.js';

export interface RollingOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
  readonly load?: LoadOptions;
  /** Whether a restart without drain follows, which must drop requests. Default true. */
  readonly control?: boolean;
  /**
   * Lets the load go on for a while: 30 s as the baseline, 5 s before the first restart and after each. Default: time
   * passes.
   */
  readonly goOn?: (load: Load, ms: number) => Promise<unknown>;
}

/** One run: what it is about, and what it may ask. */
interface Run extends RollingOptions {
  readonly kubectl: Kubectl;
  readonly deployments: readonly Manifest[];
  readonly goOn: NonNullable<RollingOptions['goOn']>;
}

const justWait = (_: Load, ms: number) => sleep(ms);
const [baselineMs, quietMs] = [30_000, 5_000];

/**
 * Restarts every Deployment, one after the other, while customers order, and compares with the same load before any
 * restart. Then restarts the gateway without any of the care that a restart takes: the load must see that, or it would
 * not have seen a dropped request either.
 *
 * @throws Refused when a request was dropped or answered wrongly, or an order went wrong; Inconclusive when the run
 * proves nothing.
 */
export async function rollUnderLoad(kubectl: Kubectl, rendered: Rendered, options: RollingOptions): Promise<void> {
  const { say, control = true, goOn = justWait } = options;
  const run: Run = {
    ...options,
    goOn,
    kubectl,
    deployments: rendered.manifests.filter(({ body }) => body.kind === 'Deployment'),
  };
  await refill(run);
  say(`baseline: the load for ${baselineMs / 1_000} s without any restart`);
  const baseline = await underLoad(run, (load) => goOn(load, baselineMs));
  say(`baseline: ${summary(baseline)}`);
  await refill(run);
  const restarts = await underLoad(run, (load) => restartAll(run, load));
  say(`restarts: ${summary(restarts)}`);
  const phases = { baseline, restarts, ...(control && { control: await controlOf(run, baseline) }) };

  const { outcome, rows, why } = judge(phases);
  for (const line of tableOf(rows)) say(line);
  const where = `Look at what happened: kubectl --context ${kubectl.context} --namespace ${namespace} get events --sort-by=.lastTimestamp`;
  if (outcome === 'failed') throw new Refused(`${where}\nFAILED: ${why}.`);
  if (outcome === 'inconclusive') throw new Inconclusive(`INCONCLUSIVE: ${why}.`);
  say(`PASSED: ${why}; ${run.deployments.length} Deployments restarted${control ? '' : ', without a control'}.`);
}

const summary = ({ requests, orders, failures }: LoadResult): string =>
  `${requests} requests, ${orders} orders, ${failures.length} failures`;

/** Runs the load during `work`, and waits in any case until every order is settled. */
async function underLoad(
  { url, load: options, say }: Run,
  work: (load: Load) => Promise<unknown>,
): Promise<LoadResult> {
  const load = startLoad(endpointsAt(url), options);
  try {
    await work(load);
  } finally {
    say('letting orders settle');
    await load.stop();
  }
  return load.result;
}

async function restartAll(run: Run, load: Load): Promise<void> {
  const { kubectl, deployments, say, goOn } = run;
  await goOn(load, quietMs);
  for (const deployment of deployments) {
    const { name } = deployment.body.metadata;
    const before = load.result.failures.length;
    say(`restarting ${name}`);
    await kubectl.must(['rollout', 'restart', `deployment/${name}`]);
    await ready(run, deployment);
    // Ready, and the old pod may still be within its grace: it must not take requests with it.
    await goOn(load, quietMs);
    const { requests, failures } = load.result;
    say(`restarted  ${name}: ${requests} requests so far, ${failures.length - before} failed during it`);
  }
}

async function controlOf(run: Run, baseline: LoadResult): Promise<LoadResult> {
  const { kubectl, deployments, say, goOn } = run;
  const gateway = deployments.find(({ body }) => body.metadata.name === 'gateway');
  if (!gateway) throw new Refused('There is no Deployment gateway, so there is nothing to restart without drain.');
  await refill(run);
  say('control: restarting gateway without drain (no preStop, no grace, all pods at once)');
  const control = await underLoad(run, async (load) => {
    await goOn(load, quietMs);
    await withoutDrain(kubectl, gateway, async () => {
      await ready(run, gateway);
      await goOn(load, quietMs);
    });
    await ready(run, gateway);
  });
  say(`control: ${summary(control)}, ${controlDrops(baseline, control)} dropped`);
  return control;
}

const ready = ({ kubectl, timeoutMs }: Run, deployment: Manifest): Promise<void> =>
  waitUntilReady(kubectl, { overlay: 'kind', manifests: [deployment] }, { timeoutMs, say: () => undefined });

/**
 * Without the client's secret the load continues: orders go round the products, and sold-out ones are counted apart.
 */
async function refill({ kubectl, url, say }: Run): Promise<void> {
  try {
    const filled = await (await Warehouse.open(kubectl, url)).refill();
    if (filled > 0) say(`filled up the stock of ${filled} products`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`cannot fill up the stock: ${error.message}`);
  }
}
