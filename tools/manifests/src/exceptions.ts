import { admitted } from './admitted.js';
import type { Rendered } from './objects.js';
import {
  componentOf,
  optionalComponents,
  type OptionalComponent,
  type PolicyException,
} from './optional-components.js';
import { describeFinding, nameOf, type Finding, type ManifestPolicy } from './policies/policy.js';

export interface Judgement {
  /** What is wrong, as sentences. */
  readonly findings: readonly string[];
  /** The exceptions that were needed. */
  readonly used: readonly PolicyException[];
}

/**
 * What the policies find in an overlay with its components, as the API server would store it, without what a component
 * is excused from by name.
 */
export function judge(
  rendered: Rendered,
  policies: readonly ManifestPolicy[],
  known: readonly OptionalComponent[] = optionalComponents,
): Judgement {
  const stored = admitted(rendered, known);
  const exceptions = (rendered.components ?? []).flatMap((name) => componentOf(name, known).exceptions ?? []);
  const used = new Set<PolicyException>();
  const findings = policies.flatMap((policy) =>
    policy.check(stored).flatMap((finding) => {
      const matching = exceptions.filter((exception) => excuses(exception, policy, finding));
      matching.forEach((exception) => used.add(exception));
      return matching.length > 0 ? [] : [describeFinding(stored, finding)];
    }),
  );
  return { findings, used: [...used] };
}

const excuses = (exception: PolicyException, policy: ManifestPolicy, { manifest, problem }: Finding): boolean =>
  exception.policy === policy.name &&
  nameOf(manifest.body).startsWith(exception.object) &&
  problem.includes(exception.problem);
