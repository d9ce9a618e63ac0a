import type { IContainer } from 'kubernetes-models/v1';
import { ofKind, type Pods, type Rendered } from '../objects.js';

export const config = 'config.linkerd.io';
export const nativeSidecar = `${config}/proxy-enable-native-sidecar`;
const [validator, proxy] = ['linkerd-network-validator', 'linkerd-proxy'];
export const linkerdContainers: readonly string[] = [validator, proxy];

/** What holds for a pod: its own annotation, or that of the namespace. */
export const annotation = (rendered: Rendered, { annotations }: Pods, name: string): string | undefined =>
  annotations[name] ?? ofKind(rendered, 'Namespace')[0]?.body.metadata.annotations?.[name];

export const isMeshed = (rendered: Rendered, pods: Pods): boolean =>
  annotation(rendered, pods, 'linkerd.io/inject') === 'enabled';

/**
 * What Linkerd's webhook adds when its CNI plugin is installed (linkerd2 2.20, charts/partials/templates,
 * _network-validator.tpl and _proxy.tpl): no container that needs NET_ADMIN.
 */
export function linkerdSidecars(pods: Pods, rendered: Rendered): readonly IContainer[] {
  if (!isMeshed(rendered, pods)) return [];
  const size = (name: string): string | undefined => annotation(rendered, pods, `${config}/${name}`);
  const given = (sizes: Readonly<Record<string, string | undefined>>): Record<string, string> =>
    Object.fromEntries(Object.entries(sizes).filter((each): each is [string, string] => each[1] !== undefined));
  const shared = {
    image: 'cr.l5d.io/linkerd/proxy',
    imagePullPolicy: 'IfNotPresent' as const,
    resources: {
      requests: given({ cpu: size('proxy-cpu-request'), memory: size('proxy-memory-request') }),
      limits: given({ cpu: size('proxy-cpu-limit'), memory: size('proxy-memory-limit') }),
    },
  };
  const securityContext = (user: number): IContainer['securityContext'] => ({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: user,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  return [
    { name: validator, ...shared, securityContext: securityContext(65_534) },
    {
      name: proxy,
      ...shared,
      ...(annotation(rendered, pods, nativeSidecar) === 'true' && { restartPolicy: 'Always' as const }),
      securityContext: securityContext(2102),
      ports: [
        { name: 'linkerd-proxy', containerPort: 4143 },
        { name: 'linkerd-admin', containerPort: 4191 },
      ],
    },
  ];
}
