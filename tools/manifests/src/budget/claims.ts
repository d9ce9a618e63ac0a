import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type {
  ILimitRange,
  ILimitRangeItem,
  IPersistentVolumeClaim,
  IPersistentVolumeClaimSpec,
  IPodSpec,
  IService,
} from 'kubernetes-models/v1';
import { ofKind, podsOf, type Body, type Manifest, type Pods, type Rendered } from '../objects.js';
import { thousandths } from '../quantity.js';
import { copiesOf, type Copies } from './copies.js';
import { podSize, sum, times, type Amounts, type Size } from './pod-size.js';

/** What one object takes of the quotas of its namespace, at most. */
export interface Claim {
  readonly manifest: Manifest;
  /** By the name that a quota has for it, in thousandths: `requests.cpu`, `pods`, `services.nodeports`. */
  readonly amounts: Amounts;
  /** Of a workload: its pods, how large one is, and how many there may be. */
  readonly pods?: { readonly spec: IPodSpec; readonly size: Size; readonly copies: Copies };
}

export type PodClaim = Claim & { readonly pods: NonNullable<Claim['pods']> };
export const withPods = (claim: Claim): claim is PodClaim => claim.pods !== undefined;

const one = 1_000;

export const rangesOf = (rendered: Rendered): readonly ILimitRangeItem[] =>
  ofKind<ILimitRange>(rendered, 'LimitRange').flatMap(({ body }) => body.spec?.limits ?? []);

/** What everything that an overlay renders may ask for at the same time. */
export function claimsOf(rendered: Rendered): Claim[] {
  const ranges = rangesOf(rendered);
  return [
    ...podsOf(rendered).map((pods) => podClaim(rendered, pods, ranges)),
    ...ofKind<IService & Body>(rendered, 'Service').map((manifest) => ({ manifest, amounts: portsOf(manifest.body) })),
    ...ofKind<IPersistentVolumeClaim & Body>(rendered, 'PersistentVolumeClaim').map((manifest) => ({
      manifest,
      amounts: storageOf(manifest.body.spec),
    })),
  ];
}

function podClaim(rendered: Rendered, { manifest, spec }: Pods, ranges: readonly ILimitRangeItem[]): Claim {
  const size = podSize(spec, ranges);
  const copies = copiesOf(rendered, manifest);
  const volumes = [
    ...((manifest.body as IStatefulSet).spec?.volumeClaimTemplates ?? []),
    ...(spec.volumes ?? []).flatMap(({ ephemeral }) => ephemeral?.volumeClaimTemplate ?? []),
  ];
  const together = volumes.map((volume) => storageOf(volume.spec)).reduce(sum, podAmounts(size));
  return { manifest, amounts: times(together, copies.most + copies.surge), pods: { spec, size, copies } };
}

/** One pod, by the names of a quota. */
function podAmounts({ requests, limits }: Size): Amounts {
  const named = (prefix: string, amounts: Amounts): [string, number][] =>
    Object.entries(amounts).map(([name, amount]) => [`${prefix}.${name}`, amount]);
  return { ...Object.fromEntries([...named('requests', requests), ...named('limits', limits)]), pods: one };
}

/** Ports of nodes and load balancers. */
function portsOf({ spec }: IService): Amounts {
  const balanced = spec?.type === 'LoadBalancer';
  const onNodes = spec?.type === 'NodePort' || (balanced && spec.allocateLoadBalancerNodePorts !== false);
  return {
    'services.nodeports': onNodes ? (spec.ports?.length ?? 0) * one : 0,
    'services.loadbalancers': balanced ? one : 0,
  };
}

const storageOf = (spec: Partial<IPersistentVolumeClaimSpec> | undefined): Amounts => ({
  'requests.storage': thousandths(spec?.resources?.requests?.['storage']),
});
