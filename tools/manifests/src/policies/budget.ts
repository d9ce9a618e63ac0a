import { potsOf, sharesOf, totalsOf, type Pot, type Total } from '../budget.js';
import { broken, type Policy, type Rule } from './policy.js';

/** What is asked for fits into the quotas of the namespace, also while a version is rolled out and when everything is scaled up. */
export const requestsFitTheBudget: Policy = {
  name: 'requests stay within the budget',
  check(rendered) {
    const { rolling, largestJob } = totalsOf(sharesOf(rendered));
    const pots = potsOf(rendered);
    return pots.flatMap((pot) =>
      broken(pot.manifest, [
        ...(rendered.overlay === 'kind' ? promised(pots) : []),
        ...(pot.scope === 'Terminating' ? fits(pot, 'for the largest Job', largestJob) : []),
        ...(pot.scope === 'NotTerminating'
          ? [...fits(pot, 'scaled up as far as the autoscalers go, and rolling out,', rolling)]
          : []),
        [
          pot.scope !== undefined,
          'pods that wait for a migration may take what the migration needs',
          'let one quota have scopes: [NotTerminating], and another one for Jobs scopes: [Terminating]',
        ],
      ]),
    );
  },
};

function fits(pot: Pot, when: string, { cpuM, memoryMi }: Total): Rule[] {
  const remedy = 'ask for less (sizes.yaml, autoscalers.yaml of the overlay), or raise the quota where there is more';
  return [
    [cpuM <= pot.cpuM, `${when} ${cpuM}m of CPU are asked for, and there are ${pot.cpuM}m`, remedy],
    [
      memoryMi <= pot.memoryMi,
      `${when} ${memoryMi}Mi of memory are asked for, and there are ${pot.memoryMi}Mi`,
      remedy,
    ],
  ];
}

/** The README promises that a laptop with 2 CPU and 3 GiB is enough. */
function promised(pots: readonly Pot[]): Rule[] {
  const sum = (of: (pot: Pot) => number): number => pots.reduce((all, pot) => all + of(pot), 0);
  return [
    [
      sum(({ cpuM }) => cpuM) <= 2_000 && sum(({ memoryMi }) => memoryMi) <= 3 * 1_024,
      'the quotas are more than the 2 CPU and 3 GiB that a laptop was promised',
      'let requests.cpu add up to 2 and limits.memory to 3Gi',
    ],
  ];
}
