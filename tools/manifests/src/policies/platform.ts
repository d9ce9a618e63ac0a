import type { INamespace } from 'kubernetes-models/v1';
import { ofKind, type Body, type Manifest, type Rendered } from '../objects.js';
import { broken, type Finding, type ManifestPolicy } from './policy.js';

/**
 * The namespace refuses pods that are not restricted, and has default limits. That quotas count every pod is
 * {@link podsAreAdmitted}'s.
 */
export const namespaceIsGuarded: ManifestPolicy = {
  name: 'the namespace enforces Pod Security and has default limits',
  check(rendered) {
    const [namespace, ...others] = ofKind<INamespace>(rendered, 'Namespace') as Manifest<INamespace & Body>[];
    if (!namespace || others.length > 0)
      return nothing(rendered, 'there is not exactly one Namespace', 'use base/platform');
    const { name, labels } = namespace.body.metadata;
    const strangers = rendered.manifests.filter(
      ({ body }) => body.kind !== 'Namespace' && body.metadata.namespace !== name,
    );
    return [
      ...broken(namespace, [
        [
          labels?.['pod-security.kubernetes.io/enforce'] === 'restricted',
          'it lets in pods that are not restricted',
          'label it pod-security.kubernetes.io/enforce: restricted',
        ],
        [
          ofKind(rendered, 'LimitRange').length === 1,
          'a container without limits would be refused by the quota',
          'add a LimitRange with defaults',
        ],
      ]),
      ...strangers.flatMap((manifest) =>
        broken(manifest, [
          [
            false,
            `it is in the namespace ${manifest.body.metadata.namespace}, not in ${name}`,
            'remove its metadata.namespace',
          ],
        ]),
      ),
    ];
  },
};

const nothing = ({ overlay, manifests }: Rendered, problem: string, remedy: string): Finding[] => [
  {
    manifest: manifests[0] ?? {
      file: `k8s/overlays/${overlay}/kustomization.yaml`,
      body: { apiVersion: '', kind: 'Kustomization', metadata: { name: overlay } },
    },
    problem,
    remedy,
  },
];
