import type { IPodSpec } from 'kubernetes-models/v1';
import { podsOf, type Manifest, type Pods, type Rendered } from './objects.js';
import { componentOf, optionalComponents, type OptionalComponent } from './optional-components.js';

/**
 * What the API server stores: the same objects, with the sidecars that the controllers of the overlay's components add.
 * @param known Default: every optional component.
 */
export function admitted(rendered: Rendered, known: readonly OptionalComponent[] = optionalComponents): Rendered {
  const injecting = (rendered.components ?? []).flatMap((name) => componentOf(name, known).injects ?? []);
  if (injecting.length === 0) return rendered;
  const sidecars = new Map<Manifest, IPodSpec>(
    podsOf(rendered).map((pods: Pods) => {
      const added = injecting.flatMap((injects) => injects(pods, rendered));
      return [pods.manifest, { ...pods.spec, initContainers: [...added, ...(pods.spec.initContainers ?? [])] }];
    }),
  );
  return {
    ...rendered,
    manifests: rendered.manifests.map((manifest) => {
      const spec = sidecars.get(manifest);
      return spec === undefined ? manifest : { ...manifest, body: withPodSpec(manifest.body, spec) };
    }),
  };
}

/** A copy of a workload with another pod specification. */
function withPodSpec(body: Manifest['body'], spec: IPodSpec): Manifest['body'] {
  const copy = structuredClone(body) as Body;
  if (copy.kind === 'Pod') copy.spec = spec;
  else if (copy.kind === 'CronJob') copy.spec.jobTemplate.spec.template.spec = spec;
  else copy.spec.template.spec = spec;
  return copy;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- every kind of workload; podsOf knows them apart.
type Body = Manifest['body'] & { spec: any };
