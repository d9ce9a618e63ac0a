import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldManager, Kubectl } from './kubectl.js';
import type { Options } from './options.js';
import { root } from './places.js';
import { must } from './run.js';

type Say = (line: string) => void;
type Target = Pick<Options, 'cluster' | 'context'>;

/** The effect of a missing metrics API. */
const without = 'so autoscalers keep the number of pods at rest; everything else works.';

const system = ({ context }: Target): Kubectl => new Kubectl(context, 'kube-system');

/** Whether the metrics API knows a node: only after metrics-server has measured for some seconds. */
async function measures(target: Target): Promise<boolean> {
  const { code, stdout } = await system(target).run(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes']);
  return code === 0 && /"usage"/.test(stdout);
}

/**
 * Gives our own cluster metrics-server, unless it has the metrics API. Leaves a foreign cluster alone and says how to
 * add it.
 */
export async function provideMetrics(target: Target, say: Say): Promise<void> {
  if (await measures(target)) return say('the metrics API is there');
  if (target.cluster === undefined) {
    say(`${target.context} has no metrics API, ${without} Where the cluster is yours to change:`);
    return say(`  kubectl --context ${target.context} apply --server-side --kustomize k8s/addons/metrics-server`);
  }
  const text = await must(['kubectl', 'kustomize', join(root, 'k8s/overlays/kind/metrics-server')]);
  await system(target).must(['apply', '--server-side', fieldManager, '--force-conflicts', '--filename=-'], {
    input: text,
  });
  say('applied metrics-server; it is waited for at the end');
}

/** Waits for the first measurements. The system works without them, so a timeout is explained and fails nothing. */
export async function awaitMetrics(
  target: Target,
  say: Say,
  { patienceMs = 90_000, pauseMs = 3_000 }: { readonly patienceMs?: number; readonly pauseMs?: number } = {},
): Promise<void> {
  const limitAt = performance.now() + patienceMs;
  while (!(await measures(target))) {
    if (performance.now() >= limitAt) return explain(target, patienceMs, say);
    await sleep(pauseMs);
  }
  say('the metrics API measures: autoscalers can scale');
}

async function explain({ context, cluster }: Target, patienceMs: number, say: Say): Promise<void> {
  const kubectl = system({ context, cluster });
  const { stdout } = await kubectl.run(['get', 'pods', '--selector=k8s-app=metrics-server']);
  for (const line of [
    `The metrics API measures nothing after ${patienceMs / 1_000} s, ${without}`,
    ...(stdout.trim() || 'metrics-server has no pod').split('\n').map((each) => `  ${each}`),
    `  why: kubectl --context ${context} --namespace kube-system describe pods --selector=k8s-app=metrics-server`,
    '  ImagePullBackOff: the node cannot reach registry.k8s.io; tools/kind/README.md says how to bring the image without it',
  ])
    say(line);
}
