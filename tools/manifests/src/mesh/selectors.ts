import { matches, ofKind, podsOf, type Labels, type Manifest, type Pods, type Rendered } from '../objects.js';
import type { Finding, Rule } from '../policies/policy.js';
import { broken } from '../policies/policy.js';

interface Selector {
  readonly matchLabels?: Labels;
}

/** No selector: every pod. Our components use labels only. */
export const selectedBy = (rendered: Rendered, selector: Selector | undefined): Pods[] =>
  podsOf(rendered).filter(({ labels }) => matches(labels, selector?.matchLabels));

/** The namespace, which most meshes are switched on at. */
export const namespaceOf = (rendered: Rendered): Manifest => ofKind(rendered, 'Namespace')[0] ?? rendered.manifests[0]!;

export const inNamespace = (rendered: Rendered, rules: readonly Rule[]): Finding[] =>
  broken(namespaceOf(rendered), rules);
