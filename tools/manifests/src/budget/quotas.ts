import type { IPodAffinityTerm, IPodSpec, IResourceQuota } from 'kubernetes-models/v1';
import { ofKind, type Manifest, type Rendered } from '../objects.js';
import { thousandths } from '../quantity.js';
import { claimsOf, objectsFromElsewhere, type Claim } from './claims.js';
import type { Size } from './pod-size.js';

export type Quota = Manifest<IResourceQuota>;

/** One line of a quota, and everything that counts against it. */
export interface Line {
  readonly quota: Quota;
  /** `requests.memory` */
  readonly resource: string;
  /** In thousandths. */
  readonly allowed: number;
  readonly asked: number;
  /** Who asks for something, with its share. */
  readonly by: readonly { readonly claim: Claim; readonly amount: number }[];
  /** What nobody in the overlay renders. */
  readonly elsewhere: number;
}

interface Scope {
  readonly scopeName: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export const scopesOf = ({ body }: Quota): readonly Scope[] => [
  ...(body.spec?.scopes ?? []).map((scopeName) => ({ scopeName })),
  ...(body.spec?.scopeSelector?.matchExpressions ?? []),
];

/** What is asked for together and what is allowed, for each line of each quota. */
export function linesOf(rendered: Rendered): Line[] {
  const claims = claimsOf(rendered);
  const others = objectsFromElsewhere(rendered);
  return ofKind<IResourceQuota>(rendered, 'ResourceQuota').flatMap((quota) =>
    Object.entries(quota.body.spec?.hard ?? {}).map(([resource, hard]) => {
      const by = claims
        .filter((claim) => counts(quota, claim))
        .map((claim) => ({ claim, amount: claim.amounts[resource] ?? 0 }))
        .filter(({ amount }) => amount > 0);
      const elsewhere = scopesOf(quota).length === 0 ? (others[resource] ?? 0) : 0;
      const asked = by.reduce((all, { amount }) => all + amount, elsewhere);
      return { quota, resource, allowed: thousandths(hard), asked, by, elsewhere };
    }),
  );
}

/** Whether a quota counts a claim: one with scopes counts pods only, and those that are in all of them. */
export const counts = (quota: Quota, { pods }: Claim): boolean =>
  scopesOf(quota).every((scope) => pods !== undefined && isIn(scope, pods.spec, pods.size));

/** As podMatchesScopeFunc of the API server does. */
function isIn({ scopeName, operator, values = [] }: Scope, spec: IPodSpec, size: Size): boolean {
  const name = spec.priorityClassName ?? '';
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(size);
    case 'NotBestEffort':
      return !isBestEffort(size);
    case 'PriorityClass':
      if (operator === 'In') return values.includes(name);
      if (operator === 'NotIn') return !values.includes(name);
      return (operator !== 'DoesNotExist') === (name !== '');
    case 'CrossNamespacePodAffinity':
      return affinityTerms(spec).some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector);
    default:
      return false;
  }
}

const isBestEffort = ({ requests, limits }: Size): boolean =>
  ['cpu', 'memory'].every((resource) => !requests[resource] && !limits[resource]);

const affinityTerms = ({ affinity }: IPodSpec): readonly IPodAffinityTerm[] =>
  [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);

const ofPods = /^(pods|count\/pods|cpu|memory|ephemeral-storage|hugepages-.+|(requests|limits)\.(?!storage$).+)$/;
const ofObjects =
  /^(configmaps|persistentvolumeclaims|replicationcontrollers|requests\.storage|resourcequotas|secrets|services(\.nodeports|\.loadbalancers)?|count\/[a-z.-]+|.+\.storageclass\.storage\.k8s\.io\/(requests\.storage|persistentvolumeclaims))$/;
/** Controllers make these, so nobody can tell from the manifests how many there will be. */
const madeByControllers =
  /^count\/(replicasets\.apps|controllerrevisions\.apps|endpoints|endpointslices\..+|events.*|leases\..+)$/;

export const isOfPods = (resource: string): boolean => ofPods.test(resource);
/** Whether {@link linesOf} counts it; a quota for anything else would be taken for kept. */
export const isKnown = (resource: string): boolean =>
  (isOfPods(resource) || ofObjects.test(resource)) && !madeByControllers.test(resource);
