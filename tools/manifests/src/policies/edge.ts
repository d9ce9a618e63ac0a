import type { IGateway, IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { services } from '@causeway/system';
import type { IConfigMap, IService } from 'kubernetes-models/v1';
import { ofKind, type Body, type Manifest, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** Names of GatewayClasses as their controllers install them or tell people to. Add that of your cluster. */
const gatewayClasses: Readonly<Record<string, string>> = {
  eg: 'Envoy Gateway',
  istio: 'Istio',
  cilium: 'Cilium',
  nginx: 'NGINX Gateway Fabric',
  traefik: 'Traefik',
  consul: 'Consul',
  'gke-l7-global-external-managed': 'Google Kubernetes Engine',
  'gke-l7-regional-external-managed': 'Google Kubernetes Engine, one region',
  'azure-alb-external': 'Azure Application Gateway for Containers',
};

const edges = services.filter(({ edge }) => edge).map(({ name }) => name);

/** From outside of the cluster one reaches the edge and nothing else, under the names that it knows itself by. */
export const onlyTheEdgeIsPublic: ManifestPolicy = {
  name: 'the way in is the edge, under its own name',
  check: (rendered) => [
    ...ofKind<IService & Body>(rendered, 'Service').flatMap((manifest) => broken(manifest, addresses(manifest))),
    ...ofKind<IGateway & Body>(rendered, 'Gateway').flatMap((manifest) =>
      broken(manifest, listeners(rendered, manifest)),
    ),
    ...ofKind<IHTTPRoute & Body>(rendered, 'HTTPRoute').flatMap((manifest) =>
      broken(manifest, routes(rendered, manifest)),
    ),
  ],
};

function addresses({ body: { spec } }: Manifest<IService>): Rule[] {
  if (spec?.type !== 'LoadBalancer' && spec?.type !== 'NodePort') return [];
  const balanced = spec.type === 'LoadBalancer';
  return [
    [
      edges.some((name) => spec.selector?.['app.kubernetes.io/name'] === name),
      `it has an address outside of the cluster, and leads to ${spec.selector?.['app.kubernetes.io/name'] ?? 'anything'}`,
      `let its selector find ${edges.join(' or ')}, or make it a ClusterIP`,
    ],
    [
      !balanced || spec.externalTrafficPolicy === 'Local',
      'the gateway sees addresses of nodes in place of clients, and limits all of them as one',
      'set externalTrafficPolicy: Local',
    ],
    [
      !balanced || spec.allocateLoadBalancerNodePorts === false,
      'each of its ports is open on every node as well, past the load balancer',
      'set allocateLoadBalancerNodePorts: false',
    ],
  ];
}

/** The host of PUBLIC_URL, by which the gateway issues tokens and builds links. */
const publicHosts = (rendered: Rendered): string[] =>
  ofKind<IConfigMap>(rendered, 'ConfigMap').flatMap(({ body: { data } }) =>
    data?.['PUBLIC_URL'] === undefined ? [] : [new URL(data['PUBLIC_URL']).hostname],
  );

function listeners(rendered: Rendered, { body: { spec } }: Manifest<IGateway>): Rule[] {
  const name = spec?.gatewayClassName ?? '';
  return [
    [
      name in gatewayClasses,
      `its class ${name} is none of those that are known: ${Object.keys(gatewayClasses).join(', ')}`,
      'name the class of your cluster (kubectl get gatewayclass), and add it to tools/manifests/src/policies/edge.ts',
    ],
    ...(spec?.listeners ?? []).flatMap((listener): Rule[] => [
      hostRule(rendered, `listener ${listener.name}`, listener.hostname),
      [
        listener.protocol !== 'HTTPS' || (listener.tls?.certificateRefs ?? []).length > 0,
        `listener ${listener.name} has no certificate`,
        'name a Secret in tls.certificateRefs',
      ],
    ]),
  ];
}

const routes = (rendered: Rendered, { body: { spec } }: Manifest<IHTTPRoute>): Rule[] =>
  // A route inside of the cluster hangs on a Service.
  (spec?.parentRefs ?? []).some(({ kind = 'Gateway' }) => kind === 'Gateway')
    ? [...(spec?.hostnames ?? [undefined]).map((host) => hostRule(rendered, 'it', host)), ...endless(spec)]
    : [];

/** Live order events are one answer that does not end, and Envoy's default ends every answer after 15 s. */
const endless = (spec: IHTTPRoute['spec']): Rule[] =>
  (spec?.rules ?? []).map(({ backendRefs = [], timeouts }, index) => [
    backendRefs.length === 0 || timeouts?.request === '0s',
    `its rule ${index} leaves the time for a whole answer to the controller, and live order events end with it`,
    "set timeouts.request: 0s in it (Gateway API v1.2); every other request has the service's own deadline",
  ]);

function hostRule(rendered: Rendered, what: string, host: string | undefined): Rule {
  const known = publicHosts(rendered);
  return [
    host !== undefined && known.includes(host),
    `${what} answers for ${host ?? 'every host'}, and PUBLIC_URL says ${known.join(', ')}`,
    'use the same host in the Gateway, the HTTPRoutes and PUBLIC_URL of the overlay',
  ];
}
