import { metrics, type Attributes, type Meter, type MetricOptions } from '@opentelemetry/api';

/** The names of our own instruments; the ones that OpenTelemetry defines are used under their own names. Labels never hold ids. */
export const instruments = {
  httpServerDuration: 'http.server.request.duration',
  httpServerActive: 'http.server.active_requests',
  httpServerExpired: 'http.server.expired',
  httpClientDuration: 'http.client.request.duration',
  messagingProcessDuration: 'messaging.process.duration',
  messageAge: 'messaging.message.age',
  messagingDeadLetters: 'messaging.dead_letters',
  inboxDuplicates: 'messaging.inbox.duplicates',
  consumerPending: 'messaging.consumer.pending',
  consumerAckPending: 'messaging.consumer.ack_pending',
  consumerRedelivered: 'messaging.consumer.redelivered',
  outboxPending: 'messaging.outbox.pending',
  outboxOldestAge: 'messaging.outbox.oldest_age',
  outboxPublished: 'messaging.outbox.published',
  outboxRepublished: 'messaging.outbox.republished',
  rpcServerDuration: 'rpc.server.call.duration',
  rpcClientDuration: 'rpc.client.call.duration',
  dbOperationDuration: 'db.client.operation.duration',
  dbPoolConnections: 'db.client.connection.count',
  dbPoolWait: 'db.client.connection.wait_time',
  groupSize: 'persistence.group.size',
  policyCalls: 'resilience.policy.calls',
  policyRetries: 'resilience.policy.retries',
  policyRetryBudget: 'resilience.retry_budget.left',
  policyBreakerState: 'resilience.breaker.state',
  policyBulkheadActive: 'resilience.bulkhead.active',
  policyBulkheadQueued: 'resilience.bulkhead.queued',
  admissionQueued: 'admission.queued',
  admissionWait: 'admission.wait.duration',
  admissionShed: 'admission.shed',
  discoveryEndpoints: 'discovery.endpoints',
  discoveryEjections: 'discovery.ejections',
  discoveryLookups: 'discovery.lookups',
  passwordHashQueued: 'auth.password_hash.queued',
  securityEvents: 'security.events',
  // demo
  orders: 'order.orders',
  orderConfirmation: 'order.confirmation.duration',
  sagaOpen: 'order.saga.open',
  sagaOldestAge: 'order.saga.oldest_age',
  providerDuration: 'payment.provider.duration',
  // end demo
  processMemory: 'process.memory.usage',
  heapUsed: 'v8js.memory.heap.used',
  eventLoopUtilization: 'nodejs.eventloop.utilization',
  eventLoopDelayP99: 'nodejs.eventloop.delay.p99',
} as const;

/** Bucket bounds, seconds, that the semantic conventions prescribe for `http.server.request.duration`; used for every duration. */
export const durationBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The same for what may take minutes: a message that waits for its handler. */
export const waitBucketsSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

export interface Counter {
  add(value: number, attributes?: Attributes): void;
}
export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}
type Observe = (observe: (value: number, attributes?: Attributes) => void) => void | Promise<void>;

/** Instruments of one library. They may be created at import time: each does nothing until the SDK has started, and is bound to it then. */
export interface LazyMeter {
  /** A sum that only grows. */
  counter(name: string, options?: MetricOptions): Counter;
  /** A sum that goes both ways. */
  upDownCounter(name: string, options?: MetricOptions): Counter;
  histogram(name: string, options?: MetricOptions): Histogram;
  /** A histogram of seconds with {@link durationBucketsSeconds}. */
  duration(name: string, description: string): Histogram;
  /** A histogram of seconds with {@link waitBucketsSeconds}. */
  wait(name: string, description: string): Histogram;
  /** A value read at each export. Returns a function that unregisters it. */
  gauge(name: string, options: MetricOptions, observe: Observe): () => void;
}

let started = false;
const waiting = new Set<() => void>();

/** The SDK is registered: binds what was made before. Called by startTelemetry. */
export function metricsStarted(): void {
  started = true;
  for (const bind of waiting) bind();
  waiting.clear();
}

/** For tests: instruments wait for the next start again. What is bound stays with the SDK it was bound to. */
export function metricsStopped(): void {
  started = false;
}

function whenStarted(bind: () => void): void {
  if (started) bind();
  else waiting.add(bind);
}

/** Before the SDK has started, the API returns instruments that stay no-ops: it has no proxy for meters as it has for tracers. */
export function meter(name: string): LazyMeter {
  const sdk = (): Meter => metrics.getMeter(name);
  const counter = (create: (from: Meter) => Counter): Counter => {
    let bound: Counter | undefined;
    whenStarted(() => (bound = create(sdk())));
    return { add: (value, attributes) => bound?.add(value, attributes) };
  };
  const histogram = (instrument: string, options?: MetricOptions): Histogram => {
    let bound: Histogram | undefined;
    whenStarted(() => (bound = sdk().createHistogram(instrument, options)));
    return { record: (value, attributes) => bound?.record(value, attributes) };
  };
  return {
    counter: (instrument, options) => counter((from) => from.createCounter(instrument, options)),
    upDownCounter: (instrument, options) => counter((from) => from.createUpDownCounter(instrument, options)),
    histogram,
    duration: (instrument, description) => histogram(instrument, seconds(description, durationBucketsSeconds)),
    wait: (instrument, description) => histogram(instrument, seconds(description, waitBucketsSeconds)),
    gauge: (instrument, options, observe) => observed(sdk, instrument, options, observe),
  };
}

const seconds = (description: string, explicitBucketBoundaries: number[]): MetricOptions => ({
  description,
  unit: 's',
  advice: { explicitBucketBoundaries },
});

function observed(sdk: () => Meter, name: string, options: MetricOptions, observe: Observe): () => void {
  let stop: (() => void) | undefined;
  const bind = () => {
    const gauge = sdk().createObservableGauge(name, options);
    const read = (result: { observe(value: number, attributes?: Attributes): void }) =>
      observe((value, attributes) => result.observe(value, attributes));
    gauge.addCallback(read);
    stop = () => gauge.removeCallback(read);
  };
  whenStarted(bind);
  return () => {
    waiting.delete(bind);
    stop?.();
  };
}
