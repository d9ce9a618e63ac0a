import type { IResourceQuota } from 'kubernetes-models/v1';
import { sharesOf, totalsOf, type Total } from '../budget.js';
import { ofKind, type Manifest } from '../objects.js';
import { quantity } from '../quantity.js';
import { broken, type Policy, type Rule } from './policy.js';

/** What is asked for fits into the quota of the namespace, also while a version is rolled out and scaled up. */
export const requestsFitTheBudget: Policy = {
  name: 'requests stay within the budget',
  check(rendered) {
    const [quota] = ofKind<IResourceQuota>(rendered, 'ResourceQuota');
    if (!quota) return [];
    const { atRest, updating, scaledUp } = totalsOf(sharesOf(rendered));
    return broken(quota, [
      ...stated(quota, rendered.overlay),
      ...fits(quota, 'at rest', atRest),
      ...fits(quota, 'while a version is rolled out', updating),
      ...fits(quota, 'scaled up as far as the autoscalers go', scaledUp),
    ]);
  },
};

function fits({ body }: Manifest<IResourceQuota>, when: string, { cpuM, memoryMi }: Total): Rule[] {
  const hard = body.spec?.hard ?? {};
  const remedy = 'ask for less (sizes.yaml, autoscalers.yaml of the overlay), or raise the quota where there is more';
  const [cpu, memory] = [quantity(hard['requests.cpu']) * 1_000, quantity(hard['limits.memory']) / 2 ** 20];
  return [
    [cpuM <= cpu, `${when} ${cpuM}m of CPU are asked for, and there are ${cpu}m`, remedy],
    [memoryMi <= memory, `${when} ${memoryMi}Mi of memory are asked for, and there are ${memory}Mi`, remedy],
  ];
}

/** The laptop's budget is a promise of the README: 2 CPU and 3 GiB in all. */
const stated = ({ body }: Manifest<IResourceQuota>, overlay: string): Rule[] =>
  overlay === 'kind'
    ? [
        [
          quantity(body.spec?.hard?.['requests.cpu']) <= 2 &&
            quantity(body.spec?.hard?.['limits.memory']) <= 3 * 2 ** 30,
          'the quota is more than the 2 CPU and 3 GiB that a laptop was promised',
          'lower requests.cpu to 2 and limits.memory to 3Gi',
        ],
      ]
    : [];
