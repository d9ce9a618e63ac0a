import type { IService } from 'kubernetes-models/v1';
import { describePolicy } from '../testing/describe-policy.js';
import { servicesFindTheirPods } from './services.js';

describePolicy(servicesFindTheirPods, [
  [
    'a selector that finds nothing',
    'kind',
    (copy) => (copy.find<IService>('Service', 'user').spec!.selector = { app: 'user' }),
    ['k8s/base/service/service.yaml', 'Service user', 'finds the pods of nothing'],
  ],
  [
    'a selector that finds a Job, too',
    'kind',
    (copy) => (copy.find<IService>('Service', 'user').spec!.selector = { 'app.kubernetes.io/name': 'user' }),
    ['Deployment user, Job user-migrate-dev'],
  ],
  [
    'a port without a listener',
    'kind',
    (copy) => (copy.find<IService>('Service', 'user').spec!.ports![0]!.targetPort = 3000),
    ['leads to 3000'],
  ],
  [
    'the management port',
    'kind',
    (copy) =>
      copy.find<IService>('Service', 'user').spec!.ports!.push({ name: 'm', port: 9090, targetPort: 'management' }),
    ['publishes the management port'],
  ],
  [
    'a route to no Service',
    'production',
    (copy) =>
      (copy.find<{ spec: { rules: { backendRefs: { port: number }[] }[] } }>(
        'HTTPRoute',
        'causeway',
      ).spec.rules[0]!.backendRefs[0]!.port = 80),
    ['HTTPRoute causeway', 'gateway:80'],
  ],
  // demo
  [
    'another name for the internet',
    'staging + scale-to-zero',
    (copy) => (copy.find<IService>('Service', 'psp-sandbox-on-demand').spec!.externalName = 'psp.example.org'),
    ['Service psp-sandbox-on-demand', 'it stands for psp.example.org', 'a Service of another namespace'],
  ],
  // end demo
]);
