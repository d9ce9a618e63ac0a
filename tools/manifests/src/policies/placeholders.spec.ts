import { describePolicy } from '../testing/describe-policy.js';
import { nothingIsAPlaceholder } from './placeholders.js';

describePolicy(nothingIsAPlaceholder, [
  [
    'an invented class of Gateways',
    'staging',
    (copy) =>
      (copy.find<{ spec: { gatewayClassName: string } }>('Gateway', 'causeway').spec.gatewayClassName = 'example'),
    ['k8s/components/gateway-api/gateway.yaml', 'Gateway causeway', 'spec.gatewayClassName is example'],
  ],
  [
    'a setting that was left for later',
    'production',
    (copy) => (copy.config('gateway')['PUBLIC_URL'] = 'https://changeme.internal'),
    ['ConfigMap gateway-', 'data.PUBLIC_URL is https://changeme.internal'],
  ],
  [
    'a variable that is never substituted',
    'production',
    (copy) => (copy.container('user').image = '${ORDER_IMAGE}'),
    ['Deployment user', 'containers[0].image is ${ORDER_IMAGE}'],
  ],
]);
