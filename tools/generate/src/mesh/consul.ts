import { labels, toControlPlane, tunnelPolicies } from './network-policies.js';
import { isService, meshServices, type MeshTarget } from './targets.js';

/** Where Envoy takes connections from the mesh (consul-k8s, connect-inject/constants, ProxyDefaultInboundPort). */
const tunnel = 20_000;
/** HTTPS API, where a pod logs in with its account, and gRPC, which configures Envoy. */
const controlPlane = { namespace: 'consul', ports: [8501, 8502] } as const;

const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'consul.hashicorp.com/v1alpha1',
  kind,
  metadata: { name, labels },
  spec,
});

/** The last source refuses everyone else, whatever the default of the cluster is. */
const intentions = ({ name, callers }: MeshTarget): object =>
  object('ServiceIntentions', name, {
    destination: { name },
    sources: [...callers.map((caller) => ({ name: caller, action: 'allow' })), { name: '*', action: 'deny' }],
  });

/** `tcp`: passed on as it is. Clients call pods by address, which `dialedDirectly` allows. */
const defaults = ({ name }: MeshTarget): object =>
  object('ServiceDefaults', name, {
    protocol: 'tcp',
    mutualTLSMode: 'strict',
    transparentProxy: { dialedDirectly: true },
  });

/** The component `mesh-consul`, by file. */
export const consul = (): Readonly<Record<string, object[]>> => ({
  'service-intentions.yaml': meshServices.map(intentions),
  'service-defaults.yaml': meshServices.map(defaults),
  'network-policies.yaml': [
    ...tunnelPolicies(tunnel, isService),
    toControlPlane(controlPlane.namespace, controlPlane.ports, {
      matchLabels: { 'app.kubernetes.io/component': 'service' },
    }),
  ],
});
