import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { ofKind, podsOf, type Pods, type Rendered } from './objects.js';
import { quantity } from './quantity.js';

/** What a workload may take. Memory requests equal limits. */
export interface Share {
  readonly name: string;
  readonly kind: string;
  /** Pods at rest, and at most. 0 at rest for Jobs, which end. */
  readonly min: number;
  readonly max: number;
  /** Of one pod: millicores and MiB. */
  readonly cpuM: number;
  readonly memoryMi: number;
}

export function sharesOf(rendered: Rendered): Share[] {
  const scalers = ofKind<IHorizontalPodAutoscaler>(rendered, 'HorizontalPodAutoscaler');
  return podsOf(rendered).map((pods) => {
    const { kind, metadata } = pods.manifest.body;
    const scaler = scalers.find(
      ({ body }) => kind === 'Deployment' && body.spec?.scaleTargetRef.name === metadata.name,
    );
    const replicas = replicasOf(pods);
    return {
      name: metadata.name,
      kind,
      min: kind === 'Job' ? 0 : (scaler?.body.spec?.minReplicas ?? replicas),
      max: kind === 'Job' ? 1 : (scaler?.body.spec?.maxReplicas ?? replicas),
      ...sizeOf(pods.spec),
    };
  });
}

const replicasOf = ({ manifest }: Pods): number =>
  (manifest.body.spec as { replicas?: number } | undefined)?.replicas ?? 1;

/** As the scheduler counts: all containers together, or the largest init container where that is more. */
function sizeOf({ containers, initContainers = [] }: IPodSpec): { cpuM: number; memoryMi: number } {
  const cpu = ({ resources }: IContainer): number => Math.round(quantity(resources?.requests?.['cpu']) * 1_000);
  const memory = ({ resources }: IContainer): number => quantity(resources?.limits?.['memory']) / 2 ** 20;
  const most = (of: (container: IContainer) => number): number =>
    Math.max(
      containers.reduce((sum, each) => sum + of(each), 0),
      ...initContainers.map(of),
    );
  return { cpuM: most(cpu), memoryMi: most(memory) };
}

export interface Total {
  readonly cpuM: number;
  readonly memoryMi: number;
}

const total = (shares: readonly Share[], pods: (share: Share) => number): Total => ({
  cpuM: shares.reduce((sum, share) => sum + share.cpuM * pods(share), 0),
  memoryMi: shares.reduce((sum, share) => sum + share.memoryMi * pods(share), 0),
});

export interface Totals {
  readonly atRest: Total;
  /** The first start, or a new version: all Jobs at once, and one pod more of the largest service. */
  readonly updating: Total;
  /** Every autoscaler at its end. */
  readonly scaledUp: Total;
}

export function totalsOf(shares: readonly Share[]): Totals {
  const atRest = total(shares, ({ min }) => min);
  const jobs = total(shares, ({ kind }) => (kind === 'Job' ? 1 : 0));
  const services = shares.filter(({ kind }) => kind === 'Deployment');
  return {
    atRest,
    updating: {
      cpuM: atRest.cpuM + jobs.cpuM + Math.max(0, ...services.map(({ cpuM }) => cpuM)),
      memoryMi: atRest.memoryMi + jobs.memoryMi + Math.max(0, ...services.map(({ memoryMi }) => memoryMi)),
    },
    scaledUp: total(shares, ({ kind, max }) => (kind === 'Job' ? 0 : max)),
  };
}

/** The table of a README. */
export function budgetTable(rendered: Rendered): string {
  const shares = sharesOf(rendered);
  const { atRest, updating, scaledUp } = totalsOf(shares);
  const pods = ({ kind, min, max }: Share): string =>
    kind === 'Job' ? 'once' : min === max ? `${min}` : `${min}–${max}`;
  const row = ({ cpuM, memoryMi }: Total): string => `${cpuM} m | ${memoryMi} Mi | ${memoryMi} Mi`;
  return [
    '| workload | pods | CPU request | memory request | memory limit |',
    '| --- | --- | ---: | ---: | ---: |',
    ...shares.map((share) => `| ${share.kind} \`${share.name}\` | ${pods(share)} | ${row(share)} |`),
    `| **at rest** | ${shares.reduce((sum, { min }) => sum + min, 0)} | ${row(atRest)} |`,
    `| **while a version is rolled out** (all Jobs, one pod more) | | ${row(updating)} |`,
    `| **scaled up as far as it goes** | ${shares.reduce((sum, { kind, max }) => sum + (kind === 'Job' ? 0 : max), 0)} | ${row(scaledUp)} |`,
  ].join('\n');
}
