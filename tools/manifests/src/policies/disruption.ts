import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { copiesOf } from '../budget/copies.js';
import { matches, ofKind, podsOf, type Body, type Manifest, type Rendered } from '../objects.js';
import { broken, type Policy, type Rule } from './policy.js';

/** A node can always be emptied: every budget lets at least one pod go when there are as few as there may be. */
export const budgetsLetPodsGo: Policy = {
  name: 'disruption budgets let a node be drained',
  check: (rendered) =>
    ofKind<IPodDisruptionBudget & Body>(rendered, 'PodDisruptionBudget').flatMap((manifest) =>
      broken(manifest, rules(rendered, manifest)),
    ),
};

function rules(rendered: Rendered, { body }: Manifest<IPodDisruptionBudget & Body>): Rule[] {
  const { selector, minAvailable, maxUnavailable } = body.spec ?? {};
  const selected = podsOf(rendered).filter(({ labels }) =>
    matches(labels, selector?.matchLabels ?? { no: 'selector' }),
  );
  const pods = selected.reduce((sum, { manifest }) => sum + copiesOf(rendered, manifest).rest, 0);
  const mayGo = maxUnavailable === undefined ? pods - share(minAvailable ?? 1, pods) : share(maxUnavailable, pods);
  return [
    [
      selected.length > 0,
      'it selects the pods of nothing',
      'let spec.selector have the labels of the pods that it is for',
    ],
    [
      selected.length === 0 || mayGo >= 1,
      `of ${pods} pods it lets none go, so a node drain is blocked for ever`,
      'set maxUnavailable: 1 instead of minAvailable',
    ],
  ];
}

/** A share is rounded up, both ways (k8s.io/kubernetes, pkg/controller/disruption). */
const share = (value: number | string, pods: number): number =>
  typeof value === 'number' ? value : Math.ceil((pods * Number.parseInt(value, 10)) / 100);
