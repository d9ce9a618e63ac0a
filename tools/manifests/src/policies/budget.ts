import { services } from '@causeway/system';
import type { IResourceQuota } from 'kubernetes-models/v1';
import type { Claim } from '../budget/claims.js';
import { linesOf, scopesOf, unknownIn, type Line, type Quota } from '../budget/quotas.js';
import { allowedBy, totalsOf } from '../budget/totals.js';
import { ofKind, type Rendered } from '../objects.js';
import { readable } from '../quantity.js';
import { broken, nameOf, type Finding, type ManifestPolicy, type Rule } from './policy.js';

/**
 * Everything that may be alive at the same time fits into every quota that counts it. So no order in which the API
 * server admits pods keeps out one that others wait for: it never refuses any (docs/decisions/0020).
 */
export const requestsFitTheBudget: ManifestPolicy = {
  name: 'requests stay within the budget',
  check(rendered) {
    return [
      ...ofKind<IResourceQuota>(rendered, 'ResourceQuota').flatMap((quota) => broken(quota, [quotaIsKnown(quota)])),
      ...linesOf(rendered).flatMap((line) => broken(line.quota, rulesOf(line))),
      ...keepsPromise(rendered),
    ];
  },
};

const quotaIsKnown = (quota: Quota): Rule => [
  unknownIn(quota).length === 0,
  `it has ${unknownIn(quota).join(', ')}, which this check does not count`,
  'remove it, or teach tools/manifests/src/budget to count it',
];

function rulesOf({ quota, resource, asked, allowed, by }: Line): Rule[] {
  const amount = (thousandths: number): string => readable(resource, thousandths);
  const who = by.map((each) => `${nameOf(each.claim.manifest.body)} ${amount(each.amount)}${copies(each.claim)}`);
  const waiting = by.some(({ claim }) => claim.manifest.body.kind === 'Job')
    ? ', and Jobs that wait for a refused one keep their share for ever'
    : '';
  return [
    [
      scopesOf(quota).length === 0 || !/^(requests\.storage|services\..+)$/.test(resource),
      `it limits ${resource} and has scopes, which select pods only`,
      'move the line to a quota without scopes',
    ],
    [
      asked <= allowed,
      `${resource}: ${amount(asked)} may be asked for at the same time, and ${amount(allowed)} are allowed (${who.join(', ')}); what comes last is refused${waiting}`,
      `raise ${resource} of this quota to ${amount(asked)} in the overlay, or ask for less (sizes, replicas, maxReplicas, volumes)`,
    ],
  ];
}

/** ` (3 pods and 1 of a roll-out)` */
function copies({ pods }: Claim): string {
  const { most = 1, surge = 0 } = pods?.copies ?? {};
  if (most + surge === 1) return '';
  return ` (${most} ${most === 1 ? 'pod' : 'pods'}${surge > 0 ? ` and ${surge} of a roll-out` : ''})`;
}

/** What README.md of the kind overlay promises a laptop for the five services of the template. */
const promise = { cpuM: 2_000, quotaMi: 4 * 1_024, firstStartMi: 3 * 1_024, nodeMi: 4 * 1_024 };
/** And for each service beyond them: two pods while it rolls out, its Job, and its connections to PostgreSQL. */
const promisedForEach = { cpuM: 125, quotaMi: 528, firstStartMi: 336, nodeMi: 336 };
const further = Math.max(0, services.length - 5);
const promised = Object.fromEntries(
  Object.entries(promise).map(([what, amount]) => [
    what,
    amount + further * promisedForEach[what as keyof typeof promise],
  ]),
) as typeof promise;
/**
 * What Kubernetes itself asks for on a kind node: API server 250m, controllers 200m, scheduler 100m, etcd 100m and
 * 100Mi, two CoreDNS 200m and 140Mi, kindnet 100m and 50Mi; and metrics-server 100m and 200Mi.
 */
const kubernetesItself = { cpuM: 1_050, memoryMi: 490 };

function keepsPromise(rendered: Rendered): Finding[] {
  if (rendered.overlay !== 'kind') return [];
  const [quotas, { firstStart }] = [allowedBy(rendered), totalsOf(rendered)];
  const [cpuM, memoryMi] = [firstStart.cpuM + kubernetesItself.cpuM, firstStart.memoryMi + kubernetesItself.memoryMi];
  const quota = linesOf(rendered)[0]?.quota;
  if (!quota) return [];
  return broken(quota, [
    [
      quotas.cpuM <= promised.cpuM && quotas.memoryMi <= promised.quotaMi,
      `the quotas together are ${quotas.cpuM}m and ${quotas.memoryMi}Mi, more than the ${promised.cpuM}m and ${promised.quotaMi}Mi that a laptop was promised`,
      `let requests.cpu of all quotas add up to ${promised.cpuM}m and requests.memory to ${promised.quotaMi}Mi, or change the promise in the README as well`,
    ],
    [
      firstStart.memoryMi <= promised.firstStartMi,
      `the first start takes ${firstStart.memoryMi}Mi, more than the ${promised.firstStartMi}Mi that a laptop was promised`,
      'ask for less in sizes.yaml, or start with fewer replicas',
    ],
    [
      cpuM <= promised.cpuM && memoryMi <= promised.nodeMi,
      `the first start and Kubernetes itself ask for ${cpuM}m and ${memoryMi}Mi, more than the node of ${promised.cpuM}m and ${promised.nodeMi}Mi that the README names`,
      'ask for less in sizes.yaml, or start with fewer replicas',
    ],
  ]);
}
