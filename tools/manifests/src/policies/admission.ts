import type { IContainer, ILimitRangeItem, IResourceQuota } from 'kubernetes-models/v1';
import { claimsOf, rangesOf, withPods, type Claim, type PodClaim } from '../budget/claims.js';
import { containerSize, type Size } from '../budget/pod-size.js';
import { counts, type Quota } from '../budget/quotas.js';
import { containersOf, ofKind } from '../objects.js';
import { readable, thousandths } from '../quantity.js';
import { broken, nameOf, type ManifestPolicy, type Rule } from './policy.js';

/**
 * The API server refuses no pod for its sizes: the LimitRange lets it through, quotas find in it what they count, and
 * nothing is unlimited.
 */
export const podsAreAdmitted: ManifestPolicy = {
  name: 'the API server admits every pod',
  check(rendered) {
    const ranges = rangesOf(rendered);
    const quotas = ofKind<IResourceQuota>(rendered, 'ResourceQuota');
    return [
      ...ofKind(rendered, 'LimitRange').flatMap((manifest) => broken(manifest, ranges.map(rangeIsKnown))),
      ...claimsOf(rendered)
        .filter(withPods)
        .flatMap((claim) => broken(claim.manifest, podRules(claim, ranges, quotas))),
    ];
  },
};

const rangeIsKnown = (range: ILimitRangeItem): Rule => [
  range.type === 'Container' && !range.min && !range.maxLimitRequestRatio,
  'it limits more than the default and the maximum of containers, which this check does not count',
  'remove it, or teach tools/manifests/src/policies/admission.ts to check it',
];

function podRules(claim: PodClaim, ranges: readonly ILimitRangeItem[], quotas: readonly Quota[]): Rule[] {
  const { spec, copies } = claim.pods;
  const mine = quotas.filter((quota) => counts(quota, claim));
  const counted = new Set(mine.flatMap(({ body }) => Object.keys(body.spec?.hard ?? {})));
  return [
    [copies.unbounded === undefined, `the number of its pods is unknown: ${copies.unbounded}`, remedyOf(claim)],
    ...['requests.cpu', 'requests.memory', 'limits.memory', 'pods'].map((resource): Rule => [
      counted.has(resource),
      `no quota limits ${resource} of its pods`,
      `give a ResourceQuota whose scopes select them a line ${resource}`,
    ]),
    ...containersOf(spec).flatMap((container) => {
      const size = containerSize(container, ranges);
      return [...mine.flatMap((quota) => statedRules(quota, container, size)), ...sizeRules(container, size, ranges)];
    }),
  ];
}

const remedyOf = ({ manifest }: Claim): string =>
  manifest.body.kind === 'CronJob'
    ? 'set concurrencyPolicy: Forbid, or Replace'
    : 'run it outside the namespace with the budget';

/** A quota for CPU or memory refuses pods with a container that does not state it (`must specify …`). */
function statedRules({ body }: Quota, { name }: IContainer, size: Size): Rule[] {
  return Object.keys(body.spec?.hard ?? {}).flatMap((line): Rule[] => {
    const [, side, resource] = /^(requests|limits)\.(cpu|memory)$/.exec(line) ?? [];
    if (resource === undefined) return [];
    return [
      [
        resource in size[side as keyof Size],
        `container ${name} states no ${line}, and ${nameOf(body)} refuses such pods`,
        `set resources.${line}, or a default in the LimitRange`,
      ],
    ];
  });
}

/** What the LimitRanger of the API server asks of a container. */
function sizeRules({ name }: IContainer, { requests, limits }: Size, ranges: readonly ILimitRangeItem[]): Rule[] {
  return [
    ...Object.entries(limits).map(([resource, limit]): Rule => [
      (requests[resource] ?? 0) <= limit,
      `container ${name} asks for more ${resource} than its limit ${readable(resource, limit)}, which may be the default of the LimitRange`,
      `set resources.limits.${resource} to at least the request`,
    ]),
    ...ranges.flatMap(({ max = {} }) =>
      Object.entries(max).map(([resource, most]): Rule => {
        const limit = limits[resource];
        return [
          limit !== undefined && limit <= thousandths(most),
          `container ${name} has ${limit === undefined ? 'an unlimited amount' : readable(resource, limit)} of ${resource}, and a LimitRange allows at most ${most}`,
          `change resources of container ${name}, or max in the LimitRange`,
        ];
      }),
    ),
  ];
}
