import type { IContainer, ILimitRangeItem, IResourceQuota } from 'kubernetes-models/v1';
import { claimsOf, rangesOf, volumesOf, withPods, type Claim, type PodClaim } from '../budget/claims.js';
import { containerSize, type Size } from '../budget/pod-size.js';
import { counts, type Quota } from '../budget/quotas.js';
import { containersOf, ofKind, type Rendered } from '../objects.js';
import { readable, thousandths } from '../quantity.js';
import { broken, nameOf, type Policy, type Rule } from './policy.js';

/** No pod is refused for its sizes: a LimitRange lets it through, quotas find in it what they count, and nothing is unlimited. */
export const podsAreAdmitted: Policy = {
  name: 'the API server admits every pod',
  check(rendered) {
    const ranges = rangesOf(rendered);
    const quotas = ofKind<IResourceQuota>(rendered, 'ResourceQuota');
    return claimsOf(rendered)
      .filter(withPods)
      .flatMap((claim) =>
        broken(claim.manifest, [...podRules(claim, ranges, quotas), ...volumeRules(rendered, claim, ranges)]),
      );
  },
};

function podRules(claim: PodClaim, ranges: readonly ILimitRangeItem[], quotas: readonly Quota[]): Rule[] {
  const { spec, size, copies } = claim.pods;
  const mine = quotas.filter((quota) => counts(quota, claim));
  const counted = new Set(mine.flatMap(({ body }) => Object.keys(body.spec?.hard ?? {})));
  return [
    [copies.unbounded === undefined, `nobody can tell how many pods: ${copies.unbounded}`, remedyOf(claim)],
    ...['requests.cpu', 'requests.memory', 'limits.memory', 'pods'].map((resource): Rule => [
      counted.has(resource),
      `no quota limits ${resource} of its pods`,
      `give a ResourceQuota whose scopes select them a line ${resource}`,
    ]),
    ...containersOf(spec).flatMap((container) => [
      ...mine.flatMap((quota) => statedRules(quota, container, containerSize(container, ranges))),
      ...rangeRules(`container ${container.name}`, 'Container', containerSize(container, ranges), ranges),
    ]),
    ...rangeRules('its pod', 'Pod', size, ranges),
  ];
}

const remedyOf = ({ manifest }: Claim): string =>
  manifest.body.kind === 'CronJob'
    ? 'set concurrencyPolicy: Forbid, or Replace'
    : 'run it outside of the namespace whose budget is stated';

/** A quota for CPU or memory refuses pods with a container that does not state it (`must specify …`). */
function statedRules({ body }: Quota, { name }: IContainer, { requests, limits }: Size): Rule[] {
  return Object.keys(body.spec?.hard ?? {}).flatMap((line): Rule[] => {
    const [, side, resource] = /^(requests\.|limits\.|)(cpu|memory)$/.exec(line) ?? [];
    if (resource === undefined) return [];
    const stated = side === 'limits.' ? limits : requests;
    return [
      [
        resource in stated,
        `container ${name} states no ${line}, and ${nameOf(body)} refuses such pods`,
        `set resources.${side === 'limits.' ? 'limits' : 'requests'}.${resource}, or a default in the LimitRange`,
      ],
    ];
  });
}

/** What the LimitRanger of the API server asks of a container or of a whole pod. */
function rangeRules(who: string, type: string, { requests, limits }: Size, ranges: readonly ILimitRangeItem[]): Rule[] {
  const over = Object.keys(limits).filter((resource) => (requests[resource] ?? 0) > limits[resource]!);
  return [
    ...over.map((resource): Rule => [
      false,
      `${who} asks for more ${resource} than its limit ${readable(resource, limits[resource]!)}, which may be the default of the LimitRange`,
      `set resources.limits.${resource} to what is asked for, at least`,
    ]),
    ...ranges
      .filter((range) => range.type === type)
      .flatMap(({ min = {}, max = {}, maxLimitRequestRatio: ratios = {} }) => [
        ...Object.entries(max).map(([resource, most]) => {
          const asked = Math.max(limits[resource] ?? Infinity, requests[resource] ?? 0);
          return bound(who, resource, asked, 'at most', thousandths(most), asked <= thousandths(most));
        }),
        ...Object.entries(min).map(([resource, least]) => {
          const asked = requests[resource] ?? 0;
          return bound(who, resource, asked, 'at least', thousandths(least), asked >= thousandths(least));
        }),
        ...Object.entries(ratios).map(([resource, ratio]): Rule => [
          (limits[resource] ?? Infinity) * 1_000 <= (requests[resource] ?? 0) * thousandths(ratio),
          `${who} may take more than ${ratio} times the ${resource} that it asks for`,
          `let resources.requests.${resource} be nearer to the limit`,
        ]),
      ]),
  ];
}

function bound(who: string, resource: string, asked: number, word: string, allowed: number, holds: boolean): Rule {
  const amount = asked === Infinity ? 'an unlimited amount' : readable(resource, asked);
  return [
    holds,
    `${who} has ${amount} of ${resource}, and a LimitRange allows ${word} ${readable(resource, allowed)}`,
    `change resources of ${who}, or ${word === 'at most' ? 'max' : 'min'} in the LimitRange`,
  ];
}

/** Volumes of the size that a LimitRange allows, each by itself. */
const volumeRules = (rendered: Rendered, { manifest }: Claim, ranges: readonly ILimitRangeItem[]): Rule[] =>
  volumesOf(rendered, manifest).flatMap(({ spec }) => {
    const storage = { storage: thousandths(spec.resources?.requests?.['storage']) };
    return rangeRules('a volume of it', 'PersistentVolumeClaim', { requests: storage, limits: storage }, ranges);
  });
