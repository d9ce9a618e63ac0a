import { setTimeout as sleep } from 'node:timers/promises';
import { Kubectl } from '../kubectl.js';
import { must, Refused } from '../run.js';
import { defaultNamespace, type CanaryOptions } from './options.js';
import {
  checkShift,
  imageOf,
  namesFor,
  podsForReturn,
  podsOf,
  type RunningAutoscaler,
  type RunningDeployment,
} from './pods.js';
import { acceptance, patchOf, replacementsOf, sharesOf, type Route, type Shares } from './route.js';

type Say = (line: string) => void;
export interface Patience {
  /** How long the controller may take to take over a route. Default 60 000. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

const route = 'httproute.gateway.networking.k8s.io/causeway';

/** Shows or shifts the share of a canary. @throws Refused with what to do */
export async function shiftCanary(options: CanaryOptions, say: Say, patience: Patience = {}): Promise<void> {
  const context = options.context ?? (await currentContext());
  const kubectl = new Kubectl(context, options.namespace);
  const shares = sharesOf(await readRoute(kubectl, options), options.app);
  const { app, weight } = options;
  if (options.print) return printPatches(options, shares, say);
  if (weight === undefined) return show(kubectl, app, shares, say);
  if (weight > shares.canary.weight) checkShift(options, shares, ...(await running(kubectl)));
  if (weight < shares.canary.weight) await makeRoom(kubectl, app, shares, say);
  if (weight === shares.canary.weight) return say(`${shares.canary.name} already has ${weight} %; nothing to do`);
  await kubectl.must(['patch', route, '--type=json', `--patch=${JSON.stringify(patchOf(shares, weight))}`]);
  say(`${shares.canary.name}: ${shares.canary.weight} % → ${weight} %, ${shares.stable.name}: ${100 - weight} %`);
  await awaitAcceptance(kubectl, options, patience);
  say(weight > 0 ? `Back: ${wayBack(options)}` : `All requests go to ${shares.stable.name}.`);
}

const running = async (kubectl: Kubectl) =>
  [
    await kubectl.list<RunningDeployment>('deployments'),
    await kubectl.list<RunningAutoscaler>('horizontalpodautoscalers'),
  ] as const;

/**
 * Before requests come back: pods of today's version for them. Never refuses and does not wait, because a way back has no
 * conditions: what is broken may be the rest.
 */
async function makeRoom(kubectl: Kubectl, app: string, shares: Shares, say: Say): Promise<void> {
  try {
    for (const { name, replicas } of podsForReturn(app, shares, ...(await running(kubectl)))) {
      await kubectl.must(['scale', `deployment/${name}`, `--replicas=${replicas}`]);
      say(`${name}: ${replicas} pods, as many as the canary has`);
    }
  } catch (error) {
    say(
      `Not scaled, so ${shares.stable.name} may have few pods for what it gets now: ${(error as Error).message.replaceAll('\n', ' ')}`,
    );
  }
}

/** The command that takes all requests back, for the same cluster. */
const wayBack = ({ app, namespace, context }: CanaryOptions): string =>
  [
    `npm run k8s:canary -- ${app} undo`,
    ...(namespace === defaultNamespace ? [] : [`--namespace ${namespace}`]),
    ...(context === undefined ? [] : [`--context ${context}`]),
  ].join(' ');

async function currentContext(): Promise<string> {
  return (await must(['kubectl', 'config', 'current-context'])).trim();
}

async function readRoute(kubectl: Kubectl, { namespace }: CanaryOptions): Promise<Route> {
  const { code, stdout, stderr } = await kubectl.run(['get', route, '--output=json']);
  if (code === 0) return JSON.parse(stdout) as Route;
  throw new Refused(
    `The HTTPRoute causeway in the namespace ${namespace} of ${kubectl.context} cannot be read: ${stderr.trim()}\n` +
      'A canary needs the Gateway API (components/gateway-api). Another cluster or namespace: --context, --namespace.',
  );
}

async function show(kubectl: Kubectl, app: string, shares: Shares, say: Say): Promise<void> {
  const deployments = await kubectl.list<RunningDeployment>('deployments');
  const names = namesFor(app, shares);
  for (const [side, weight] of [['stable', shares.stable.weight] as const, ['canary', shares.canary.weight] as const]) {
    say(`${side}: ${weight} %`);
    for (const name of names[side]) {
      const found = deployments.find(({ metadata }) => metadata.name === name);
      say(`  ${name}: ${found ? `${podsOf(found)}, ${imageOf(found)}` : 'does not exist'}`);
    }
  }
}

function printPatches({ app, weight = 0, namespace }: CanaryOptions, shares: Shares, say: Say): void {
  say(
    `kubectl --namespace ${namespace} patch ${route} --type=json --patch='${JSON.stringify(patchOf(shares, weight))}'`,
  );
  say('');
  say('# In the overlay, where GitOps would take back what kubectl changed:');
  say('  - target: { kind: HTTPRoute, name: causeway }');
  say('    patch: |-');
  for (const { op, path, value } of replacementsOf(shares, weight))
    say(`      - { op: ${op}, path: ${path}, value: ${value} }`);
  say(`# ${app}: ${weight} %`);
}

/** Only when the controller has seen the new weights do they hold. */
async function awaitAcceptance(
  kubectl: Kubectl,
  options: CanaryOptions,
  { patienceMs = 60_000, pauseMs = 1_000 }: Patience,
): Promise<void> {
  const limitAt = performance.now() + patienceMs;
  for (;;) {
    const { done, refused } = acceptance(await readRoute(kubectl, options));
    if (refused !== undefined)
      throw new Refused(
        `The controller refuses the route, so it may send requests nowhere: ${refused}\nTake it back: ${wayBack(options)}`,
      );
    if (done) return;
    if (performance.now() >= limitAt)
      throw new Refused(
        `The weights are stored, and no controller has taken them over after ${patienceMs / 1_000} s: kubectl describe ${route} says who serves the Gateway.`,
      );
    await sleep(pauseMs);
  }
}
