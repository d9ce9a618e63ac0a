import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IContainer, IPodSpec, IResourceQuota } from 'kubernetes-models/v1';
import { ofKind, podsOf, type Manifest, type Pods, type Rendered } from './objects.js';
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

const total = <T extends Total>(shares: readonly T[], pods: (share: T) => number): Total => ({
  cpuM: shares.reduce((sum, share) => sum + share.cpuM * pods(share), 0),
  memoryMi: shares.reduce((sum, share) => sum + share.memoryMi * pods(share), 0),
});

export interface Totals {
  readonly atRest: Total;
  /** Every autoscaler at its end. */
  readonly scaledUp: Total;
  /** The same while a version rolls out: one pod more of the largest service, at least; other services may wait their turn. */
  readonly rolling: Total;
  /** The largest Job; others may wait their turn. */
  readonly largestJob: Total;
}

export function totalsOf(shares: readonly Share[]): Totals {
  const scaledUp = total(shares, ({ kind, max }) => (kind === 'Job' ? 0 : max));
  const surge = largest(shares, 'Deployment');
  return {
    atRest: total(shares, ({ min }) => min),
    scaledUp,
    rolling: { cpuM: scaledUp.cpuM + surge.cpuM, memoryMi: scaledUp.memoryMi + surge.memoryMi },
    largestJob: largest(shares, 'Job'),
  };
}

const largest = (shares: readonly Share[], wanted: string): Total => {
  const all = shares.filter(({ kind }) => kind === wanted);
  return {
    cpuM: Math.max(0, ...all.map(({ cpuM }) => cpuM)),
    memoryMi: Math.max(0, ...all.map(({ memoryMi }) => memoryMi)),
  };
};

/** What the quotas of the namespace allow. */
export interface Pot extends Total {
  readonly manifest: Manifest<IResourceQuota>;
  /** `Terminating` holds Jobs, `NotTerminating` everything else. */
  readonly scope: string | undefined;
}

export const potsOf = (rendered: Rendered): Pot[] =>
  ofKind<IResourceQuota>(rendered, 'ResourceQuota')
    .filter(({ body }) => body.spec?.hard?.['limits.memory'] !== undefined)
    .map((manifest) => ({
      manifest,
      scope: manifest.body.spec?.scopes?.[0],
      cpuM: quantity(manifest.body.spec?.hard?.['requests.cpu']) * 1_000,
      memoryMi: quantity(manifest.body.spec?.hard?.['limits.memory']) / 2 ** 20,
    }));

/** The table of a README. */
export function budgetTable(rendered: Rendered): string {
  const shares = sharesOf(rendered);
  const { atRest, scaledUp, rolling } = totalsOf(shares);
  const pots = potsOf(rendered);
  const pods = ({ kind, min, max }: Share): string =>
    kind === 'Job' ? 'once' : min === max ? `${min}` : `${min}–${max}`;
  const row = ({ cpuM, memoryMi }: Total): string => `${cpuM} m | ${memoryMi} Mi | ${memoryMi} Mi`;
  return [
    '| workload | pods | CPU request | memory request | memory limit |',
    '| --- | --- | ---: | ---: | ---: |',
    ...shares.map((share) => `| ${share.kind} \`${share.name}\` | ${pods(share)} | ${row(share)} |`),
    `| **at rest** | ${shares.reduce((sum, { min }) => sum + min, 0)} | ${row(atRest)} |`,
    `| **scaled up as far as it goes** | ${shares.reduce((sum, { kind, max }) => sum + (kind === 'Job' ? 0 : max), 0)} | ${row(scaledUp)} |`,
    `| **and one pod more, while a version rolls out** | | ${row(rolling)} |`,
    ...pots.map((pot) => `| quota \`${pot.manifest.body.metadata.name}\` | | ${row(pot)} |`),
    `| **in all** | | ${row(total(pots, () => 1))} |`,
  ].join('\n');
}
