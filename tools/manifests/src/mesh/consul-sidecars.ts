import type { IContainer } from 'kubernetes-models/v1';
import type { Pods } from '../objects.js';

const init = 'consul-connect-inject-init';
const proxy = 'consul-dataplane';
export const consulContainers: readonly string[] = [init, proxy];

/** The annotation `consul.hashicorp.com/<name>` of a pod. */
export const annotated = ({ annotations }: Pods, name: string): string | undefined =>
  annotations[`consul.hashicorp.com/${name}`];

export const inConsul = (pods: Pods): boolean => annotated(pods, 'connect-inject') === 'true';
export const nativeSidecar = 'enable-consul-dataplane-as-sidecar';

/**
 * What Consul's webhook adds when its CNI plugin is installed (consul-k8s 2.0.3, control-plane/connect-inject/webhook,
 * container_init.go and consul_dataplane_sidecar.go; sizes of the first from the chart): no container that needs
 * NET_ADMIN.
 */
export function consulSidecars(pods: Pods): readonly IContainer[] {
  if (!inConsul(pods)) return [];
  const size = (side: string): Record<string, string> =>
    Object.fromEntries(
      ['cpu', 'memory'].flatMap((resource) => {
        const value = annotated(pods, `sidecar-proxy-${resource}-${side}`);
        return value === undefined ? [] : [[resource, value]];
      }),
    );
  return [
    {
      ...shared(5996),
      name: init,
      image: 'hashicorp/consul-k8s-control-plane',
      resources: { requests: { cpu: '50m', memory: '25Mi' }, limits: { cpu: '50m', memory: '150Mi' } },
    },
    {
      ...shared(5995),
      name: proxy,
      image: 'hashicorp/consul-dataplane',
      resources: { requests: size('request'), limits: size('limit') },
      ...(annotated(pods, nativeSidecar) === 'true' && { restartPolicy: 'Always' }),
    },
  ];
}

const shared = (user: number) =>
  ({
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }) as const satisfies Omit<IContainer, 'name'>;
