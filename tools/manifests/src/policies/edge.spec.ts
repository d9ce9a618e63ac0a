import type { IGateway, IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import type { IService } from 'kubernetes-models/v1';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { onlyTheEdgeIsPublic } from './edge.js';

const service = (copy: Copy, name: string) => copy.find<IService>('Service', name).spec!;
const gateway = (copy: Copy) => copy.find<IGateway>('Gateway').spec!;

describePolicy(onlyTheEdgeIsPublic, [
  [
    'a load balancer in front of something else',
    'staging + load-balancer',
    (copy) => (service(copy, 'gateway-public').selector!['app.kubernetes.io/name'] = 'order'),
    ['k8s/components/load-balancer/service.yaml', 'Service gateway-public', 'leads to order', 'make it a ClusterIP'],
  ],
  [
    'a port of the nodes for the database',
    'kind',
    (copy) => (service(copy, 'postgres').type = 'NodePort'),
    ['Service postgres', 'leads to postgres'],
  ],
  [
    'clients that look like nodes',
    'production + load-balancer',
    (copy) => delete service(copy, 'gateway-public').externalTrafficPolicy,
    ['externalTrafficPolicy: Local'],
  ],
  [
    'a way past the load balancer',
    'kind + load-balancer',
    (copy) => delete service(copy, 'gateway-public').allocateLoadBalancerNodePorts,
    ['open on every node', 'allocateLoadBalancerNodePorts: false'],
  ],
  [
    'a class that nobody serves',
    'production',
    (copy) => (gateway(copy).gatewayClassName = 'envoy'),
    ['k8s/components/gateway-api/gateway.yaml', 'its class envoy is none of those'],
  ],
  [
    'a host that the gateway does not know itself by',
    'staging',
    (copy) => (gateway(copy).listeners[1]!.hostname = 'shop.example.org'),
    ['listener https answers for shop.example.org', 'PUBLIC_URL says shop.staging.example.org'],
  ],
  [
    'a route for every host',
    'staging',
    (copy) => delete copy.find<IHTTPRoute>('HTTPRoute', 'causeway').spec!.hostnames,
    ['HTTPRoute causeway', 'answers for every host'],
  ],
  [
    'a controller that ends live order events',
    'staging + canary-gateway',
    (copy) => delete copy.find<IHTTPRoute>('HTTPRoute', 'causeway').spec!.rules![0]!.timeouts,
    ['HTTPRoute causeway', 'its rule 0 leaves the time', 'timeouts.request: 0s'],
  ],
  [
    'TLS without a certificate',
    'production',
    (copy) => (gateway(copy).listeners[1]!.tls!.certificateRefs = []),
    ['listener https has no certificate'],
  ],
]);
