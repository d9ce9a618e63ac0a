import { containersOf, podsOf, type Pods, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** The ConfigMaps and accounts that a pod names exist. The API server itself refuses a mount without its volume. */
export const referencesResolve: ManifestPolicy = {
  name: 'ConfigMaps and accounts that pods name exist',
  check: (rendered) => podsOf(rendered).flatMap((pods) => broken(pods.manifest, rules(rendered, pods))),
};

function rules(rendered: Rendered, { spec }: Pods): Rule[] {
  const exists = (kind: string, name: string | undefined): boolean =>
    rendered.manifests.some(({ body }) => body.kind === kind && body.metadata.name === name);
  const maps = [
    ...containersOf(spec)
      .flatMap(({ envFrom }) => envFrom ?? [])
      .map(({ configMapRef }) => configMapRef?.name),
    ...(spec.volumes ?? []).map(({ configMap }) => configMap?.name),
  ].filter((name) => name !== undefined);
  return [
    ...maps.map((name): Rule => [
      exists('ConfigMap', name),
      `it reads the ConfigMap ${name}, which does not exist`,
      'let configMapGenerator have that name, so that Kustomize puts in the hash',
    ]),
    [
      exists('ServiceAccount', spec.serviceAccountName),
      `its account ${spec.serviceAccountName ?? 'default'} does not exist`,
      'add the ServiceAccount, and name it in serviceAccountName',
    ],
  ];
}
