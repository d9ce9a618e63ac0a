import type { IService } from 'kubernetes-models/v1';
import { describePolicy } from '../testing/describe-policy.js';
import { discoveryFindsPods } from './discovery.js';

const gateway = ['k8s/base/service/deployment.yaml', 'Deployment gateway'];

describePolicy(discoveryFindsPods, [
  ['nothing wrong', 'production', () => undefined, []],
  [
    'a service without a headless Service',
    'kind',
    (copy) => copy.remove('Service', 'order-headless'),
    [...gateway, 'looks for order at order-headless, which is no headless Service'],
  ],
  [
    'a headless Service with an address of its own',
    'kind',
    (copy) => (copy.find<IService>('Service', 'payment-headless').spec!.clusterIP = '10.96.0.7'),
    ['looks for payment at payment-headless'],
  ],
  [
    'pods that are not ready',
    'staging',
    (copy) => (copy.find<IService>('Service', 'user-headless').spec!.publishNotReadyAddresses = true),
    ['pods of user that are not ready'],
  ],
  [
    'a port where no pod listens',
    'kind',
    (copy) => (copy.config('gateway')['DISCOVERY_DNS_URL'] = 'http://{service}-headless:80'),
    ['calls pods of order at port 80'],
  ],
  [
    'a name that is no Service',
    'kind',
    (copy) => (copy.config('gateway')['DISCOVERY_DNS_URL'] = 'http://{service}:8080'),
    ['looks for order at order, which is no headless Service'],
  ],
  [
    'SRV records of a port name that is not there',
    'kind',
    (copy) => (copy.config('gateway')['DISCOVERY_DNS_URL'] = 'http://_grpc._tcp.{service}-headless'),
    ['at port grpc'],
  ],
  [
    'SRV records that are there: nothing wrong',
    'kind',
    (copy) => (copy.config('gateway')['DISCOVERY_DNS_URL'] = 'http://_http._tcp.{service}-headless'),
    [],
  ],
  [
    'answers that are used for longer than a pod takes to stop',
    'production',
    (copy) => (copy.config('gateway')['DISCOVERY_DNS_MAX_AGE_MS'] = '30000'),
    ['after 33000 ms, and that stops after 10000 ms'],
  ],
  ['the DNS of the machine', 'kind', (copy) => (copy.pod('gateway').dnsPolicy = 'Default'), ['with dnsPolicy Default']],
  [
    'a mesh that balances: nothing to find',
    'kind',
    (copy) => {
      copy.config('gateway')['DISCOVERY_MODE'] = 'static';
      copy.remove('Service', 'order-headless');
    },
    [],
  ],
]);
