import { services } from '@causeway/system';
import { anyIn, eventsIn } from './counting.js';
import type { Severity } from './slo.js';
import type { SecurityEventType } from '@causeway/telemetry';

/** An alert about a cause. Symptoms that customers notice have SLOs, see slo.ts. */
export interface CauseAlert {
  /** The runbook has the same name: `docs/runbooks/<name>.md`. */
  readonly name: string;
  readonly severity: Severity | 'none';
  readonly expr: string;
  /** How long it must hold. */
  readonly for: string;
  /** May use the labels of the result: `{{ $labels.job }}`. */
  readonly summary: string;
}

const securityEvents = (...types: SecurityEventType[]): string =>
  `security_events_total{security_event_type=~"${types.join('|')}"}`;
const failedSignIns = eventsIn(securityEvents('sign-in.failed', 'sign-in.throttled'), '5m');

/** What production consists of. */
const product = services.filter(({ role }) => role === 'product').map(({ name }) => name);

export const causeAlerts: readonly CauseAlert[] = [
  {
    name: 'Heartbeat',
    severity: 'none',
    expr: 'vector(1)',
    for: '0s',
    summary: 'Always on: whoever stops receiving it knows that Prometheus or Alertmanager is down.',
  },
  {
    name: 'ServiceDown',
    severity: 'page',
    // When no target is left at all, there is no `up` to be 0.
    expr: [
      `max by (job) (up{job=~"${product.join('|')}"}) == 0`,
      ...product.map((job) => `absent(up{job="${job}"})`),
    ].join(' or '),
    for: '1m',
    summary: 'No instance of {{ $labels.job }} can be scraped.',
  },
  {
    name: 'InstanceDown',
    severity: 'ticket',
    expr: 'up == 0',
    for: '5m',
    summary: '{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.',
  },
  {
    name: 'OutboxStuck',
    severity: 'page',
    expr: 'max by (job) (messaging_outbox_oldest_age) > 120',
    for: '1m',
    summary: 'The oldest unpublished message of {{ $labels.job }} is {{ $value | humanizeDuration }} old.',
  },
  {
    name: 'DeadLetters',
    severity: 'ticket',
    expr: `sum by (job, messaging_consumer_group_name, error_type) (${anyIn('messaging_dead_letters_total', '15m')})`,
    for: '0s',
    summary: 'Messages for {{ $labels.messaging_consumer_group_name }} became dead letters: {{ $labels.error_type }}.',
  },
  {
    name: 'ConsumerStalled',
    severity: 'page',
    // Something waits, and nothing was finished: neither handled nor failed.
    expr:
      'max by (messaging_consumer_group_name) (messaging_consumer_pending + messaging_consumer_ack_pending) > 0' +
      ' unless sum by (messaging_consumer_group_name) (rate(messaging_process_duration_count[5m])) > 0',
    for: '5m',
    summary: '{{ $value }} messages wait for {{ $labels.messaging_consumer_group_name }}, which handles none.',
  },
  {
    name: 'ConsumerBehind',
    severity: 'ticket',
    expr: 'max by (messaging_consumer_group_name) (messaging_consumer_pending) > 1000',
    for: '10m',
    summary: '{{ $value }} messages wait for {{ $labels.messaging_consumer_group_name }}.',
  },
  {
    name: 'ConsumerRedelivering',
    severity: 'ticket',
    expr: 'max by (messaging_consumer_group_name) (messaging_consumer_redelivered) > 0',
    for: '10m',
    summary: '{{ $labels.messaging_consumer_group_name }} keeps failing on {{ $value }} messages.',
  },
  {
    name: 'MessagesLost',
    severity: 'ticket',
    expr: `sum by (job) (${anyIn('messaging_outbox_republished_total', '15m')})`,
    for: '0s',
    summary: 'The broker lost messages of {{ $labels.job }}; they were published again.',
  },
  // demo
  {
    name: 'OrderSagaStuck',
    severity: 'ticket',
    // Without an outcome of the payment an order is given up after 15 min.
    expr: 'max by (state) (order_saga_oldest_age) > 1200',
    for: '5m',
    summary: 'An order has been {{ $labels.state }} for {{ $value | humanizeDuration }}.',
  },
  {
    name: 'PaymentProviderFailing',
    severity: 'page',
    expr:
      'sum(rate(payment_provider_duration_count{outcome=~"unclear|unsent"}[5m]))' +
      ' / sum(rate(payment_provider_duration_count[5m])) > 0.2',
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of the calls to the payment provider get no answer.',
  },
  // end demo
  {
    name: 'BreakerOpen',
    severity: 'ticket',
    // Open for 5 s, then half-open for a probe: the maximum over a minute sees one that keeps opening.
    expr: 'max by (job, policy) (max_over_time(resilience_breaker_state[1m])) == 2',
    for: '2m',
    summary: '{{ $labels.job }} does not call {{ $labels.policy }}: its breaker is open.',
  },
  {
    name: 'RetryBudgetEmpty',
    severity: 'ticket',
    expr: 'min by (job, policy) (resilience_retry_budget_left) < 1',
    for: '5m',
    summary: '{{ $labels.job }} has used up its retries of {{ $labels.policy }}.',
  },
  {
    name: 'LoadShedding',
    severity: 'ticket',
    expr: 'sum by (job, admission) (rate(admission_shed_total[5m])) > 0.1',
    for: '5m',
    summary: '{{ $labels.job }} refuses {{ $value | humanize }} units of work a second ({{ $labels.admission }}).',
  },
  {
    name: 'RequestsExpiring',
    severity: 'ticket',
    expr:
      'sum by (job) (rate(http_server_expired_total[5m]))' +
      ' / sum by (job) (rate(http_server_request_duration_count[5m])) > 0.01',
    for: '5m',
    summary: 'The deadline of {{ $value | humanizePercentage }} of the requests to {{ $labels.job }} passes.',
  },
  {
    name: 'PoolExhausted',
    severity: 'ticket',
    expr: 'min_over_time(db_client_connection_count{db_client_connection_state="pending"}[2m]) > 0',
    for: '3m',
    summary: 'Work of {{ $labels.instance }} always waits for a database connection.',
  },
  {
    name: 'PasswordHashQueue',
    severity: 'ticket',
    expr: 'max by (instance) (auth_password_hash_queued) > 10',
    for: '5m',
    summary: '{{ $value }} sign-ins wait for a password hash on {{ $labels.instance }}.',
  },
  {
    name: 'SignInsFailing',
    severity: 'ticket',
    // People mistype: many failures are an attack, or a defect, once there are more of them than successes.
    expr: `${failedSignIns} > 50 and ${failedSignIns} > ${eventsIn(securityEvents('sign-in.succeeded'), '5m')}`,
    for: '0s',
    summary: '{{ $value | humanize }} sign-ins failed within 5 minutes, more than succeeded.',
  },
  {
    name: 'SignInsThrottled',
    severity: 'ticket',
    // One person who keeps trying is refused a few times; a delay ends after 15 min at most.
    expr: `${eventsIn(securityEvents('sign-in.throttled'), '5m')} > 30`,
    for: '15m',
    summary:
      '{{ $value | humanize }} sign-ins were refused within 5 minutes: accounts or addresses where too many failed.',
  },
  {
    name: 'TokenReused',
    severity: 'ticket',
    expr: `sum by (job) (${anyIn(securityEvents('token.reuse-detected'), '15m')})`,
    for: '0s',
    summary: 'A code or refresh token was used twice, and what it had issued was revoked: a thief, or its owner.',
  },
  {
    name: 'AccessDenied',
    severity: 'ticket',
    expr: `${eventsIn(securityEvents('access.denied'), '5m')} > 50`,
    for: '0s',
    summary:
      '{{ $value | humanize }} requests within 5 minutes asked for more than their tokens allow, or for what is somebody else’s.',
  },
  {
    name: 'EventLoopBusy',
    severity: 'ticket',
    expr: 'avg_over_time(nodejs_eventloop_utilization[5m]) > 0.9',
    for: '5m',
    summary: 'The event loop of {{ $labels.instance }} is busy {{ $value | humanizePercentage }} of the time.',
  },
];
