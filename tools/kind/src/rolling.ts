import { setTimeout as sleep } from 'node:timers/promises';
import type { Rendered } from '@causeway/manifests';
import { namespace, type Kubectl } from './kubectl.js';
import { startLoad, type LoadOptions } from './load.js';
import { doorAt } from './order.js';
import { Refused } from './run.js';
import { waitUntilReady } from './wait.js';

export interface RollingOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
  readonly load?: LoadOptions;
  /** Load before the first restart and after the last. Default 5 000. */
  readonly quietMs?: number;
  /** Of {@link waitUntilReady}. */
  readonly pauseMs?: number;
}

/** Restarts every Deployment, one after the other, while customers order. @throws Refused when one request failed or an order got stuck. */
export async function rollUnderLoad(kubectl: Kubectl, rendered: Rendered, options: RollingOptions): Promise<void> {
  const { url, timeoutMs, say, quietMs = 5_000, pauseMs } = options;
  const deployments = rendered.manifests.filter(({ body }) => body.kind === 'Deployment');
  const load = startLoad(doorAt(url), options.load);
  try {
    await sleep(quietMs);
    for (const deployment of deployments) {
      const { name } = deployment.body.metadata;
      const before = load.result.failures.length;
      say(`restarting ${name}`);
      await kubectl.must(['rollout', 'restart', `deployment/${name}`]);
      await waitUntilReady(
        kubectl,
        { ...rendered, manifests: [deployment] },
        { timeoutMs, say: () => undefined, pauseMs },
      );
      // Ready, and the old pod may still be within its grace: it must not take requests with it.
      await sleep(quietMs);
      const { requests, failures } = load.result;
      say(`restarted  ${name}: ${requests} requests so far, ${failures.length - before} failed during it`);
    }
  } finally {
    say('letting orders settle');
    await load.stop();
  }
  const { requests, orders, failures } = load.result;
  if (failures.length > 0) {
    const shown = failures.slice(0, 10).map((line) => `  ${line}`);
    const more = failures.length > shown.length ? [`  … and ${failures.length - shown.length} more`] : [];
    throw new Refused(
      [
        `${failures.length} of ${requests} requests failed:`,
        ...shown,
        ...more,
        `Look at what happened: kubectl --context ${kubectl.context} --namespace ${namespace} get events --sort-by=.lastTimestamp`,
      ].join('\n'),
    );
  }
  if (orders === 0) throw new Refused('No order was placed: the test has proven nothing. Is there stock?');
  say(
    `no failed request: ${requests} requests, ${orders} orders, all CONFIRMED, ${deployments.length} Deployments restarted`,
  );
}
