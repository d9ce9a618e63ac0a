import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { ICronJob, IJob } from 'kubernetes-models/batch/v1';
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
import { secretsOf } from '../secrets.js';
import { copiesOf, type Copies } from './copies.js';
import { podSize, sum, times, type Amounts, type Size } from './pod-size.js';

/** What one object takes of the quotas of its namespace, at most. */
export interface Claim {
  readonly manifest: Manifest;
  /** By the name a quota has for it, in thousandths: `requests.cpu`, `pods`, `services.nodeports`. */
  readonly amounts: Amounts;
  /** Of pods: what the scopes of a quota select by, how large one is, and how many there may be. */
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
  const pods = podsOf(rendered).map((each) => podClaim(rendered, each, ranges));
  return [...pods, ...rendered.manifests.map((manifest) => objectClaim(rendered, manifest))];
}

function podClaim(rendered: Rendered, { manifest, spec }: Pods, ranges: readonly ILimitRangeItem[]): Claim {
  const size = podSize(spec, ranges);
  const copies = copiesOf(rendered, manifest);
  const together = times(podAmounts(size), copies.most + copies.surge);
  return {
    manifest,
    amounts: { ...together, 'count/pods': together['pods']! + one * failuresKept(manifest.body as Body) },
    pods: { spec, size, copies },
  };
}

/** One pod by the names of a quota (k8s.io/kubernetes, pkg/quota/v1/evaluator/core/pods.go): `cpu` is `requests.cpu`. */
export function podAmounts({ requests, limits }: Size): Amounts {
  const named = (prefix: string, amounts: Amounts): [string, number][] =>
    Object.entries(amounts).map(([name, amount]) => [`${prefix}.${name}`, amount]);
  return {
    ...requests,
    ...Object.fromEntries([...named('requests', requests), ...named('limits', limits)]),
    pods: one,
  };
}

/** Pods of failed tries stay, for their logs: they count as objects and no longer for what they ran with. */
function failuresKept(body: Body): number {
  if (body.kind !== 'Job' && body.kind !== 'CronJob') return 0;
  const job = body as (IJob | ICronJob) & Body;
  const spec = job.kind === 'CronJob' ? job.spec?.jobTemplate.spec : job.spec;
  return spec?.template.spec?.restartPolicy === 'OnFailure' ? 0 : (spec?.backoffLimit ?? 6);
}

function objectClaim(rendered: Rendered, manifest: Manifest): Claim {
  const { kind, apiVersion } = manifest.body;
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
  const plural = pluralOf(kind);
  // These two are counted with what they take.
  const counted = ['Pod', 'PersistentVolumeClaim'].includes(kind)
    ? {}
    : { [`count/${plural}${group ? `.${group}` : ''}`]: one, ...oldName(plural, group) };
  return { manifest, amounts: [portsOf(manifest), storageOf(rendered, manifest)].reduce(sum, counted) };
}

/** `networkpolicies`, `ingresses`, `services`. */
const pluralOf = (kind: string): string =>
  kind
    .toLowerCase()
    .replace(/y$/, 'ie')
    .replace(/(s|x|ch)$/, '$1e') + 's';

/** The kinds that a quota could count before `count/` was there. */
const oldNames = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']);
const oldName = (plural: string, group: string | undefined): Amounts =>
  group === '' && oldNames.has(plural) ? { [plural]: one } : {};

/** Ports of nodes and balancers of the cloud (pkg/quota/v1/evaluator/core/services.go). */
function portsOf({ body }: Manifest): Amounts {
  if (body.kind !== 'Service') return {};
  const { type, ports = [], allocateLoadBalancerNodePorts } = (body as IService & Body).spec ?? {};
  const balanced = type === 'LoadBalancer';
  const chosen = ports.filter(({ nodePort }) => nodePort !== undefined);
  const nodePorts = balanced && allocateLoadBalancerNodePorts === false ? chosen : ports;
  return {
    'services.nodeports': type === 'NodePort' || balanced ? nodePorts.length * one : 0,
    'services.loadbalancers': balanced ? one : 0,
  };
}

interface Volumes {
  readonly spec: Partial<IPersistentVolumeClaimSpec>;
  /** How many of these there may be. */
  readonly count: number;
}

/** Claims to volumes: by themselves, one for each replica of a StatefulSet, and those that live as long as their pod. */
export function volumesOf(rendered: Rendered, manifest: Manifest): Volumes[] {
  const { body } = manifest;
  if (body.kind === 'PersistentVolumeClaim')
    return [{ spec: (body as IPersistentVolumeClaim & Body).spec ?? {}, count: 1 }];
  const made = podsOf({ ...rendered, manifests: [manifest] })[0];
  if (!made) return [];
  const { most, surge } = copiesOf(rendered, made.manifest);
  const kept = body.kind === 'StatefulSet' ? ((body as IStatefulSet & Body).spec?.volumeClaimTemplates ?? []) : [];
  const lent = (made.spec.volumes ?? []).flatMap(({ ephemeral }) => ephemeral?.volumeClaimTemplate ?? []);
  return [
    ...kept.map(({ spec = {} }) => ({ spec, count: most })),
    ...lent.map(({ spec }) => ({ spec, count: most + surge })),
  ];
}

const storageOf = (rendered: Rendered, manifest: Manifest): Amounts =>
  volumesOf(rendered, manifest)
    .map(({ spec, count }) => times(claimAmounts(spec), count))
    .reduce(sum, {});

function claimAmounts({ resources, storageClassName }: Partial<IPersistentVolumeClaimSpec>): Amounts {
  const storage = thousandths(resources?.requests?.['storage']);
  const ofClass = `${storageClassName}.storageclass.storage.k8s.io`;
  return {
    persistentvolumeclaims: one,
    'count/persistentvolumeclaims': one,
    'requests.storage': storage,
    ...(storageClassName && { [`${ofClass}/persistentvolumeclaims`]: one, [`${ofClass}/requests.storage`]: storage }),
  };
}

/** Objects that nobody renders and that are in every namespace, or that somebody makes beforehand. */
export function objectsFromElsewhere(rendered: Rendered): Amounts {
  const secrets = Object.keys(secretsOf(rendered)).length * one;
  return {
    configmaps: one, // kube-root-ca.crt
    'count/configmaps': one,
    'count/serviceaccounts': one, // default
    secrets,
    'count/secrets': secrets,
  };
}
