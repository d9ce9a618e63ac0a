/**
 * Files and folders that are only about the demo. What else belongs to it is between the marks of `regions.ts`, in files
 * that it shares with the rest.
 */
export const demoPaths: readonly string[] = [
  'apps/order',
  'apps/payment',
  'apps/psp-sandbox',
  'apps/gateway/src/order-events',
  'apps/gateway/src/overview',
  'apps/gateway/src/upstream',
  'apps/gateway/test/order-events.int.spec.ts',
  'apps/gateway/test/overview.int.spec.ts',
  'docker/order.Dockerfile',
  'docker/payment.Dockerfile',
  'docker/psp-sandbox.Dockerfile',
  'docs/guides/follow-one-order.md',
  'docs/guides/order-saga.md',
  'docs/runbooks/ConfirmationBudgetBurn.md',
  'docs/runbooks/OrderSagaStuck.md',
  'docs/runbooks/PaymentProviderFailing.md',
  'docs/runbooks/PlacingAvailabilityBudgetBurn.md',
  'docs/runbooks/PlacingLatencyBudgetBurn.md',
  'k8s/base/order',
  'k8s/base/payment',
  'k8s/base/psp-sandbox',
  'k8s/components/canary-order',
  'k8s/components/psp-sandbox',
  'k8s/components/prometheus/dashboards/causeway-orders.json',
  'libs/contracts/src/documents/demo-example-data.ts',
  'libs/contracts/src/http/order-events.ts',
  'libs/contracts/src/http/orders.ts',
  'libs/contracts/src/http/overview.ts',
  'libs/contracts/src/http/payments.ts',
  'libs/contracts/src/messages/order.ts',
  'libs/contracts/src/messages/payment.ts',
  'libs/contracts/src/order-body.spec.ts',
  'tools/bench/src/orders',
  'tools/cli/src/commands/order.ts',
  'tools/cli/src/commands/orders.ts',
  'tools/cli/src/story',
  'tools/demo-client/src/shop-demo.ts',
  'tools/demo-client/src/shopper.ts',
  'tools/e2e/test/orders.e2e.spec.ts',
  'tools/observe/src/dashboards/orders.ts',
];

/** Services that go, with everything that the lists of services and packages say about them. */
export const demoServices: readonly string[] = ['order', 'payment', 'psp-sandbox'];

/** npm scripts, each with its `pre` script. */
export const demoScripts: readonly string[] = ['bench:orders', 'bench:scale', 'bench:images', 'bench:memory'];
