import { containersOf, podsOf, type Pods, type Rendered } from '../objects.js';
import { broken, type Policy, type Rule } from './policy.js';

/** What a pod names is there. */
export const referencesResolve: Policy = {
  name: 'ConfigMaps, accounts and volumes that pods name exist',
  check: (rendered) => podsOf(rendered).flatMap((pods) => broken(pods.manifest, rules(rendered, pods))),
};

function rules(rendered: Rendered, { manifest, spec }: Pods): Rule[] {
  const exists = (kind: string, name: string | undefined): boolean =>
    rendered.manifests.some(({ body }) => body.kind === kind && body.metadata.name === name);
  const claims =
    'volumeClaimTemplates' in (manifest.body.spec ?? {})
      ? (manifest.body.spec as { volumeClaimTemplates?: { metadata?: { name?: string } }[] }).volumeClaimTemplates
      : [];
  const volumes = [
    ...(spec.volumes ?? []).map(({ name }) => name),
    ...(claims ?? []).map(({ metadata }) => metadata?.name),
  ];
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
    ...containersOf(spec).flatMap(({ name, volumeMounts = [] }) =>
      volumeMounts.map((mount): Rule => [
        volumes.includes(mount.name),
        `container ${name} mounts the volume ${mount.name}, which does not exist`,
        'add it to volumes',
      ]),
    ),
  ];
}
