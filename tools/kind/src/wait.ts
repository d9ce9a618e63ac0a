import { setTimeout as sleep } from 'node:timers/promises';
import type { Rendered } from '@causeway/manifests';
import type { Kubectl } from './kubectl.js';
import { Refused } from './run.js';
import { stateOf, type Observed, type State, type Trouble } from './state.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
  /** Between two looks. Default 2 000. */
  readonly pauseMs?: number;
  /** How long a trouble may last before it ends the waiting: a pull may work at the second try. Default 30 000. */
  readonly patienceMs?: number;
}

const workloads = new Set(['Deployment', 'StatefulSet', 'Job']);

/** Waits until everything that was applied is ready, and says what is missing whenever that changes. @throws Refused with pod, events and log. */
export async function waitUntilReady(kubectl: Kubectl, { manifests }: Rendered, options: WaitOptions): Promise<void> {
  const { timeoutMs, say, pauseMs = 2_000, patienceMs = 30_000 } = options;
  const expected = manifests
    .filter(({ body }) => workloads.has(body.kind))
    .map(({ body }) => `${body.kind} ${body.metadata.name}`);
  const begun = performance.now();
  let told = '';
  let troubled: { since: number; pod: string } | undefined;
  for (;;) {
    const state = stateOf(expected, await kubectl.list<Observed>('deployments,statefulsets,jobs,pods'));
    if (state.waitingFor.length === 0) return say(`everything is ready after ${seconds(begun)} s`);
    const line = `waiting for ${state.waitingFor.join(', ')}`;
    if (line !== told) say(`${line} (${seconds(begun)} s)`);
    told = line;
    const now = performance.now();
    if (state.trouble?.pod !== troubled?.pod) troubled = state.trouble && { since: now, pod: state.trouble.pod };
    if (state.trouble && troubled && now - troubled.since >= patienceMs)
      throw await explained(kubectl, state, state.trouble);
    if (now - begun >= timeoutMs)
      throw await explained(kubectl, state, state.trouble ?? (await suspect(kubectl, state)), timeoutMs);
    await sleep(pauseMs);
  }
}

const seconds = (begun: number): string => ((performance.now() - begun) / 1_000).toFixed(0);

/** The pod to look at when nothing is wrong, but it takes too long. */
async function suspect(kubectl: Kubectl, { waitingFor }: State): Promise<Trouble | undefined> {
  const pods = await kubectl.list<Observed>('pods');
  const names = waitingFor.map((line) => line.split(' ')[1] ?? '');
  const pod = pods.find(
    ({ metadata, status }) =>
      names.some((name) => metadata.name.startsWith(`${name}-`)) &&
      status?.phase !== 'Succeeded' &&
      status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True',
  );
  return pod && { pod: pod.metadata.name, reason: 'it does not become ready' };
}

/** The message of a failed step: names the pod, shows its events and the last lines of its log. */
async function explained(
  kubectl: Kubectl,
  state: State,
  trouble: Trouble | undefined,
  timeoutMs?: number,
): Promise<Refused> {
  const late = timeoutMs === undefined ? '' : ` after ${timeoutMs / 1_000} s`;
  const head = `Not ready${late}: ${state.waitingFor.join(', ')}`;
  if (!trouble) return new Refused([head, '', await warnings(kubectl)].join('\n'));
  const { pod, container, reason } = trouble;
  const where = `pod ${pod}${container ? `, container ${container}` : ''}`;
  return new Refused(
    [
      head,
      `${where}: ${reason}`,
      '',
      `events of ${pod}:`,
      indent(await eventsOf(kubectl, pod)),
      '',
      `the end of its log:`,
      indent(await logOf(kubectl, pod, container)),
      '',
      `More: kubectl --context ${kubectl.context} --namespace causeway describe pod ${pod}`,
    ].join('\n'),
  );
}

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

const eventColumns = '--output=custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message';

async function eventsOf(kubectl: Kubectl, pod: string): Promise<string> {
  const { stdout } = await kubectl.run([
    'get',
    'events',
    `--field-selector=involvedObject.name=${pod}`,
    '--sort-by=.lastTimestamp',
    eventColumns,
  ]);
  return stdout.trim() || 'none';
}

/** For what has no pod at all: a quota or a policy that refused it. */
async function warnings(kubectl: Kubectl): Promise<string> {
  const { stdout } = await kubectl.run([
    'get',
    'events',
    '--field-selector=type=Warning',
    '--sort-by=.lastTimestamp',
    '--output=custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message',
  ]);
  return `the last warnings of the namespace:\n${indent(stdout.trim().split('\n').slice(-10).join('\n') || 'none')}`;
}

/** Of the container that has trouble; of the one before, when it has just been started again. */
async function logOf(kubectl: Kubectl, pod: string, container: string | undefined): Promise<string> {
  const which = container ? [`--container=${container}`] : ['--all-containers', '--prefix'];
  const [now, before] = await Promise.all([
    kubectl.run(['logs', pod, ...which, '--tail=25']),
    container ? kubectl.run(['logs', pod, ...which, '--tail=25', '--previous']) : undefined,
  ]);
  return now.stdout.trim() || before?.stdout.trim() || now.stderr.trim() || 'empty';
}
