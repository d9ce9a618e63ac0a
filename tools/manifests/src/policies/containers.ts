import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { containersOf, podsOf } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** Pod Security Standard `restricted`, and what we ask beyond it: a read-only root, no token, a bounded /tmp. */
export const containersAreRestricted: ManifestPolicy = {
  name: 'every container is restricted',
  check: (rendered) =>
    podsOf(rendered).flatMap(({ manifest, spec }) =>
      broken(manifest, [...podRules(spec), ...containersOf(spec).flatMap((container) => containerRules(container))]),
    ),
};

const forbiddenVolumes = ['hostPath', 'nfs', 'iscsi', 'rbd', 'glusterfs'] as const;

function podRules(spec: IPodSpec): Rule[] {
  const { runAsNonRoot, runAsUser, seccompProfile } = spec.securityContext ?? {};
  const volumes = spec.volumes ?? [];
  return [
    [runAsNonRoot === true, 'pods may run as root', 'set spec.securityContext.runAsNonRoot: true'],
    [(runAsUser ?? 0) > 0, 'pods name no user', 'set spec.securityContext.runAsUser to that of the image, 1000'],
    [
      seccompProfile?.type === 'RuntimeDefault',
      'pods may use every system call',
      'set spec.securityContext.seccompProfile.type: RuntimeDefault',
    ],
    [
      spec.automountServiceAccountToken === false,
      'pods get a token for the Kubernetes API',
      'set spec.automountServiceAccountToken: false; nothing of ours talks to that API',
    ],
    [spec.enableServiceLinks === false, 'Services become environment variables', 'set spec.enableServiceLinks: false'],
    [
      !spec.hostNetwork && !spec.hostPID && !spec.hostIPC,
      'pods share the network, processes or memory of the node',
      'remove hostNetwork, hostPID and hostIPC',
    ],
    [
      volumes.every((volume) => forbiddenVolumes.every((kind) => volume[kind] === undefined)),
      'pods mount the node or storage of their own choice',
      'use a PersistentVolumeClaim, an emptyDir, a ConfigMap or a Secret',
    ],
    ...volumes
      .filter(({ emptyDir }) => emptyDir !== undefined)
      .map(({ name, emptyDir }): Rule => [
        emptyDir?.sizeLimit !== undefined,
        `volume ${name} may fill the disk of the node`,
        'set emptyDir.sizeLimit',
      ]),
  ];
}

function containerRules({ name, securityContext = {}, resources, volumeMounts }: IContainer): Rule[] {
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = securityContext;
  const { requests, limits } = resources ?? {};
  const rule = (holds: boolean, problem: string, remedy: string): Rule => [
    holds,
    `container ${name} ${problem}`,
    remedy,
  ];
  return [
    // This excludes `privileged: true`, too: the API server refuses both together.
    rule(
      allowPrivilegeEscalation === false,
      'may gain privileges',
      'set securityContext.allowPrivilegeEscalation: false',
    ),
    rule(
      readOnlyRootFilesystem === true,
      'may write to its image',
      'set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where it must write',
    ),
    rule(
      capabilities?.drop?.includes('ALL') === true && (capabilities.add ?? []).length === 0,
      'keeps capabilities of root',
      'set securityContext.capabilities.drop: [ALL], and add none',
    ),
    rule(
      volumeMounts?.some(({ mountPath }) => mountPath === '/tmp') === true,
      'has no /tmp to write to',
      'mount an emptyDir with a limit at /tmp',
    ),
    rule(requests?.['cpu'] !== undefined, 'asks for no CPU', 'set resources.requests.cpu'),
    rule(
      limits?.['cpu'] === undefined,
      'has a CPU limit, which slows it down while the node idles',
      'remove resources.limits.cpu',
    ),
    rule(
      requests?.['memory'] !== undefined && requests['memory'] === limits?.['memory'],
      'may be given more memory than was set aside for it',
      'set resources.requests.memory and resources.limits.memory to the same size',
    ),
  ];
}
