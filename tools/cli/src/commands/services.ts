import type { AdmissionState, PolicyState } from '@causeway/resilience';
import { services as listed } from '@causeway/system';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { WrongUsage } from '../failure.js';
import { quantileMs } from '../latency.js';
import { duration } from '../output/duration.js';
import { table } from '../output/table.js';
import { callManagement, readMetrics } from '../target/management.js';
import type { KnownInstance, SystemTarget } from '../target/target.js';

/** How long announced instances may take to reply, milliseconds. */
const replyMs = 500;

/** The part of `/health/ready` and `/governance` that is shown. */
export interface InstanceState {
  /** What it calls itself, also where it announces itself. */
  readonly instance?: string;
  readonly status: string;
  readonly version: string;
  readonly commit?: string;
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly detail?: string; readonly ms: number }>>;
  readonly uptimeSeconds: number;
  readonly requestsInFlight: number;
  /** Equal where instances understand each other. */
  readonly contracts: string;
  /** Of everything it has handled since it started, milliseconds; undefined when that is nothing. */
  readonly p50Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly logLevel?: string;
  readonly policies: readonly PolicyState[];
  readonly admissions: readonly AdmissionState[];
}

export interface ServiceInstanceRow extends Partial<InstanceState> {
  readonly service: string;
  /** As the place where it runs knows it. */
  readonly instance: string;
  /** Whether it announces itself; undefined for a service without NATS, and while the broker cannot be asked. */
  readonly announced?: boolean;
  /** That it announces. */
  readonly zone?: string;
  readonly problems: readonly string[];
}

/** `causeway services`: what runs, and in which state. */
export function addServices(program: Command, run: RunCommand): void {
  program
    .command('services')
    .description('every instance: version, health, circuit breakers, bulkheads, requests in flight')
    .argument('[service]', 'only this one, with its policies')
    .addHelpText('after', example('services', 'services payment'))
    .action((service: string | undefined, _options: unknown, command: Command) =>
      run(command, (context) => services(context, service)),
    );
}

async function services({ target }: CommandContext, only: string | undefined): Promise<CommandReport> {
  const names = namesIn(target);
  if (only !== undefined && !names.includes(only))
    throw new WrongUsage(`there is no service ${only}; there are ${names.join(', ')}`);
  const { rows, brokerProblem } = await inspectInstances(target, only);
  return {
    data: rows,
    lines: [
      ...table(
        [
          'service',
          'instance',
          'status',
          'version',
          'commit',
          'zone',
          'contracts',
          'up',
          'in flight',
          'p50 ms',
          'p99 ms',
          'log level',
          'problems',
        ],
        rows.map((row) => [
          row.service,
          row.instance,
          row.status ?? 'unknown',
          row.version,
          row.commit?.slice(0, 8),
          row.zone,
          row.contracts,
          row.uptimeSeconds === undefined ? undefined : duration(row.uptimeSeconds * 1_000),
          row.requestsInFlight,
          row.p50Ms?.toFixed(1),
          row.p99Ms?.toFixed(1),
          row.logLevel,
          row.problems.join('; '),
        ]),
      ),
      ...(only === undefined ? [] : rows.flatMap(detailsOf)),
      ...(brokerProblem === undefined ? [] : ['', `Whether they announce themselves is not known: ${brokerProblem}`]),
    ],
    ok: rows.every(({ problems }) => problems.length === 0),
  };
}

const namesIn = ({ examples = [] }: SystemTarget): string[] => [
  ...new Set([...listed, ...examples].map(({ name }) => name)),
];

interface InspectedInstances {
  readonly rows: readonly ServiceInstanceRow[];
  /** Why the broker could not be asked who announces itself. */
  readonly brokerProblem?: string | undefined;
}

/**
 * Every instance that should run, as it says itself, and those that announce themselves without being known. Without
 * the broker, the first only: how the instances are is to be seen just then.
 */
export async function inspectInstances(target: SystemTarget, only?: string): Promise<InspectedInstances> {
  let brokerProblem: string | undefined;
  const isWanted = ({ service }: { readonly service: string }): boolean => only === undefined || service === only;
  const known = (await target.instances(only)).filter(isWanted);
  const announced = await announcedInstances(target).catch((error: unknown) => {
    brokerProblem = error instanceof Error ? error.message : String(error);
    return undefined;
  });
  const states = await Promise.all(known.map(stateOf));
  const strangers = [...(announced ?? [])]
    .filter(([key, found]) => isWanted(found) && !known.some((each, index) => keyOf(each, states[index]) === key))
    .map(([, { service, id, ...build }]): ServiceInstanceRow => ({
      service,
      instance: id,
      ...build,
      announced: true,
      problems: ['it announces itself, but is not one of the known processes'],
    }));
  const rows = known.map((instance, index) => rowOf(instance, states, known, index, announced, target.examples));
  return { rows: [...rows, ...strangers], brokerProblem };
}

/** A container is known by its name, and announces itself by the one that it sees inside. */
const keyOf = ({ service, id }: KnownInstance, state: InstanceState | undefined): string =>
  `${service} ${state?.instance ?? id}`;

async function stateOf(instance: KnownInstance): Promise<InstanceState | undefined> {
  try {
    const [health, governance, samples] = await Promise.all([
      callManagement(instance, '/health/ready'),
      callManagement(instance, '/governance'),
      readMetrics(instance),
    ]);
    if (governance.status !== 200) return undefined;
    // Both have a status of their own; that of health is the one that counts.
    return {
      ...(governance.body as object),
      ...(health.body as object),
      p50Ms: quantileMs(samples, 0.5),
      p99Ms: quantileMs(samples, 0.99),
    } as InstanceState;
  } catch {
    return undefined;
  }
}

interface AnnouncedInstance {
  readonly service: string;
  readonly id: string;
  readonly version: string;
  readonly commit?: string;
  readonly zone?: string;
}

/** Every instance that replies to the NATS Services protocol, by service and id. */
async function announcedInstances(target: SystemTarget): Promise<Map<string, AnnouncedInstance>> {
  const nc = await target.nats();
  const found = new Map<string, AnnouncedInstance>();
  try {
    for await (const reply of await nc.requestMany('$SRV.PING', '', { strategy: 'timer', maxWait: replyMs })) {
      const { name, id, version, metadata } = reply.json<{
        name: string;
        id: string;
        version: string;
        metadata?: { commit?: string; zone?: string };
      }>();
      found.set(`${name} ${id}`, { service: name, id, version, commit: metadata?.commit, zone: metadata?.zone });
    }
  } catch {
    // No responders: nobody announces itself, which the rows of the known instances show.
  }
  return found;
}

function rowOf(
  instance: KnownInstance,
  states: readonly (InstanceState | undefined)[],
  known: readonly KnownInstance[],
  index: number,
  announced: ReadonlyMap<string, AnnouncedInstance> | undefined,
  examples: SystemTarget['examples'] = [],
): ServiceInstanceRow {
  const { service, id } = instance;
  const state = states[index];
  const announces =
    listed.some(({ name, nats }) => name === service && nats) || examples.some(({ name }) => name === service);
  const found = announced?.get(keyOf(instance, state));
  const isAnnounced = announces && announced ? found !== undefined : undefined;
  if (!state)
    return {
      service,
      instance: id,
      announced: isAnnounced,
      problems: [`no response from ${instance.managementUrl}`],
    };
  const siblings = states.filter((_, other) => known[other]?.service === service);
  return {
    service,
    ...state,
    instance: id,
    announced: isAnnounced,
    zone: found?.zone,
    problems: [
      ...(state.status === 'ready' ? [] : [state.status]),
      ...Object.entries(state.parts)
        .filter(([, { ok }]) => !ok)
        .map(([name, { detail }]) => `${name}: ${detail ?? 'not available'}`),
      ...(isAnnounced === false && state.status === 'ready' ? ['it does not announce itself through NATS'] : []),
      ...drift(state, siblings),
      ...state.policies.flatMap(strain),
    ],
  };
}

/** Instances of one service that are different builds; during a rolling update that is meant. */
function drift(state: InstanceState, siblings: readonly (InstanceState | undefined)[]): string[] {
  const build = ({ version, commit = '', contracts }: InstanceState): string =>
    [version, commit.slice(0, 8), contracts && `contracts ${contracts}`].filter(Boolean).join(' ');
  const others = new Set(siblings.flatMap((other) => (other && build(other) !== build(state) ? [build(other)] : [])));
  return others.size > 0 ? [`drift: others run ${[...others].join(', ')}`] : [];
}

/** What a policy holds back right now. */
function strain({ name, breaker, bulkhead, retry }: PolicyState): string[] {
  return [
    ...(breaker && breaker.state !== 'closed' ? [`circuit breaker ${name} is ${breaker.state}`] : []),
    ...(bulkhead && bulkhead.queued > 0 ? [`bulkhead ${name} is full, ${bulkhead.queued} queue`] : []),
    ...(retry && retry.maxAttempts > 1 && retry.budgetTokens < 1 ? [`retry budget of ${name} is used up`] : []),
  ];
}

function detailsOf({ instance, policies = [], admissions = [], parts = {} }: ServiceInstanceRow): string[] {
  return [
    '',
    `${instance}: ${Object.entries(parts)
      .map(([name, { ok, ms }]) => `${name} ${ok ? 'ok' : 'DOWN'} (${ms} ms)`)
      .join(', ')}`,
    ...table(
      ['policy', 'breaker', 'calls', 'failures', 'active', 'slots', 'queued', 'retries', 'ok', 'failed'],
      policies.map(({ name, breaker, bulkhead, retry, outcomes }) => [
        name,
        breaker?.state,
        breaker?.calls,
        breaker?.failures,
        bulkhead?.active,
        bulkhead?.maxConcurrent,
        bulkhead?.queued,
        retry?.retries,
        outcomes.success,
        Object.entries(outcomes).reduce((sum, [outcome, count]) => (outcome === 'success' ? sum : sum + count), 0),
      ]),
    ),
    ...table(
      ['admission', 'slots', 'kind', 'active', 'queued'],
      admissions.flatMap(({ name, slots, kinds }) =>
        Object.entries(kinds).map(([kind, { active, queued }]) => [name, slots, kind, active, queued]),
      ),
    ),
  ];
}
