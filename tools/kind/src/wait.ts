import { setTimeout as sleep } from 'node:timers/promises';
import type { Rendered } from '@causeway/manifests';
import { faultIn, unreadyIn, type Fault, type Observed } from './faults.js';
import type { Kubectl } from './kubectl.js';
import { Refused } from './run.js';

export interface RolloutWaitOptions {
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
  /** Between two looks for pods that cannot start, milliseconds. Default 15 000. */
  readonly lookMs?: number;
}

const workloads = new Set(['Deployment', 'StatefulSet', 'Job']);

/**
 * Waits until everything that was applied is ready: `kubectl rollout status` and `kubectl wait` decide. Beside them it
 * looks for pods that cannot start, which kubectl would wait for until the timeout.
 * @throws Refused with the pod, its events and the end of its log
 */
export async function waitUntilReady(
  kubectl: Kubectl,
  { manifests }: Rendered,
  options: RolloutWaitOptions,
): Promise<void> {
  const { timeoutMs, say, lookMs = 15_000 } = options;
  const pending = new Set(
    manifests
      .filter(({ body }) => workloads.has(body.kind))
      .map(({ body }) => `${body.kind.toLowerCase()}/${body.metadata.name}`),
  );
  const begun = performance.now();
  const seconds = (): string => ((performance.now() - begun) / 1_000).toFixed(0);
  const stop = new AbortController();
  const { signal } = stop;
  say(`waiting for ${[...pending].join(', ')}`);
  const ready = [...pending].map(async (workload) => {
    const wait = workload.startsWith('job/') ? ['wait', '--for=condition=Complete'] : ['rollout', 'status'];
    const limit = `--timeout=${Math.ceil(timeoutMs / 1_000)}s`;
    await kubectl.must([...wait, workload, limit], { onLine: say, timeoutMs: timeoutMs + 60_000, signal });
    pending.delete(workload);
  });
  const watch = watchForFaults(kubectl, [...pending], lookMs, signal);
  try {
    await Promise.race([Promise.all(ready), watch]);
  } catch (error) {
    throw await explain(kubectl, [...pending], error as Error, seconds());
  } finally {
    stop.abort();
    await Promise.allSettled([watch, ...ready]);
  }
  say(`everything is ready after ${seconds()} s`);
}

/** A pod cannot start. */
class PodFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.reason);
  }
}

/** Rejects when two looks in a row find the same pod at fault: a pull may succeed at the second try. */
async function watchForFaults(
  kubectl: Kubectl,
  workloadNames: readonly string[],
  lookMs: number,
  signal: AbortSignal,
): Promise<never> {
  for (let last: Fault | undefined; ;) {
    await sleep(lookMs, undefined, { signal });
    const fault = faultIn(await kubectl.list<Observed>('jobs,pods'), workloadNames);
    if (fault && fault.pod === last?.pod) throw new PodFault(fault);
    last = fault;
  }
}

/** Names what is not ready and why, with events and log of the pod to look at. */
async function explain(kubectl: Kubectl, pending: readonly string[], error: Error, after: string): Promise<Refused> {
  const head = `Not ready after ${after} s: ${pending.join(', ')}`;
  const objects = await kubectl.list<Observed>('jobs,pods');
  const fault = error instanceof PodFault ? error.fault : (faultIn(objects, pending) ?? unreadyIn(objects, pending));
  if (!fault) {
    // No pod at all: a quota or an admission policy refused it.
    const warnings = await kubectl.run(['events', '--types=Warning']);
    const last = warnings.stdout.trim().split('\n').slice(-10).join('\n');
    return new Refused([head, error.message, '', 'The last warnings of the namespace:', indent(last)].join('\n'));
  }
  const { pod, container, reason } = fault;
  const events = await kubectl.run(['events', `--for=pod/${pod}`]);
  return new Refused(
    [
      head,
      `pod ${pod}${container ? `, container ${container}` : ''}: ${reason}`,
      '',
      `Events of ${pod}:`,
      indent(events.stdout),
      '',
      'The end of its log:',
      indent(await logOf(kubectl, fault)),
      '',
      `More: kubectl --context ${kubectl.context} --namespace ${kubectl.namespace} describe pod ${pod}`,
    ].join('\n'),
  );
}

const indent = (text: string): string => (text.trimEnd() || 'none').replaceAll(/^/gm, '  ');

/** Returns the log of the container at fault; of the one before, when it has just been restarted. */
async function logOf(kubectl: Kubectl, { pod, container }: Fault): Promise<string> {
  const which = container ? [`--container=${container}`] : ['--all-containers', '--prefix'];
  const now = await kubectl.run(['logs', pod, ...which, '--tail=25']);
  if (now.stdout.trim() || !container) return now.stdout || now.stderr;
  const before = await kubectl.run(['logs', pod, ...which, '--tail=25', '--previous']);
  return before.stdout || now.stderr;
}
