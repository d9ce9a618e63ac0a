import { judge } from '../exceptions.js';
import type { ManifestPolicy } from '../policies/policy.js';
import { render } from '../render.js';
import { Copy } from './copy.js';
import { withKubectl } from './with-kubectl.js';

/** A change to an overlay that the policy must report. */
type Violation = readonly [
  what: string,
  /** `staging`, or with components `staging + mesh-istio`. */
  overlay: string,
  violate: (copy: Copy) => unknown,
  /** Parts of the messages; none where nothing is wrong. */
  said: readonly string[],
];

/** Plants each violation in a copy of its overlay, and expects findings that name file, object and remedy. */
export const describePolicy = (policy: ManifestPolicy, violations: readonly Violation[]): void =>
  withKubectl(`${policy.name}, or it says`, () => {
    test.each(violations)('%s (%s)', (_, overlay, violate, said) => {
      const copy = new Copy(original(overlay));
      violate(copy);
      const { findings: lines } = judge(copy.rendered, [policy]);
      if (said.length === 0) return expect(lines).toEqual([]);
      for (const text of said) expect(lines.join('\n')).toContain(text);
      for (const line of lines) expect(line).toMatch(/^k8s\/\S+ \(overlay [\w +-]+\): \w+ \S+: .+\. Remedy: .+\.$/);
    });
  });

const rendered = new Map<string, ReturnType<typeof render>>();
function original(which: string): ReturnType<typeof render> {
  const [overlay = '', ...components] = which.split(' + ');
  return rendered.get(which) ?? rendered.set(which, render(overlay, components, { exactly: true })).get(which)!;
}
