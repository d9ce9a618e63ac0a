/** A series as promtool writes it: `up{job="order"}` and `1x10`, a value a minute. */
type Series = readonly [series: string, values: string];

/** An alert as Alertmanager gets it, but for its runbook. */
interface RaisedAlert {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description?: string;
}

/** What happens to a system, and which alerts that raises. */
export interface AlertCase {
  readonly title: string;
  readonly series: readonly Series[];
  /** When to look. */
  readonly at: string;
  /** Every alert that fires then, Heartbeat apart. */
  readonly fires: readonly RaisedAlert[];
}

const services = ['gateway', 'user', 'order', 'payment'];
const up = (...down: string[]): Series[] =>
  services.map((job) => [`up{job="${job}",instance="${job}-1"}`, down.includes(job) ? '0x600' : '1x600']);

const securityEvent = (type: string, outcome: string, job = 'user'): string =>
  `security_events_total{job="${job}",instance="${job}-1",security_event_type="${type}",security_event_outcome="${outcome}"}`;

const placed = (status: number, bound?: string, job = 'gateway'): string =>
  `http_server_request_duration_${bound ? 'bucket' : 'count'}{job="${job}",instance="${job}-1",http_request_method="POST",` +
  `http_route="/v1/orders",http_response_status_code="${status}"${bound ? `,le="${bound}"` : ''}}`;
const consumer = 'order__payment-evt-captured-v1';
const of = `job="order",instance="order-1",messaging_consumer_group_name="${consumer}"`;

/** An objective that is missed, and how. */
const burning = (slo: string, description: string, ...severities: ('page' | 'ticket')[]): RaisedAlert[] => {
  const { alert, summary } = objectives[slo]!;
  return severities.map((severity) => ({ alert, labels: { severity, slo }, summary, description }));
};
const objectives: Readonly<Record<string, { readonly alert: string; readonly summary: string }>> = {
  'placing-availability': {
    alert: 'PlacingAvailabilityBudgetBurn',
    summary: 'Customers get 5xx when they place an order.',
  },
  'placing-latency': {
    alert: 'PlacingLatencyBudgetBurn',
    summary: 'Customers wait longer than 500 ms until their order is accepted.',
  },
  'time-to-confirmed': {
    alert: 'ConfirmationBudgetBurn',
    summary: 'Orders take longer than 5 s from placed to CONFIRMED.',
  },
  'message-freshness': {
    alert: 'MessageFreshnessBudgetBurn',
    summary: 'Events and commands are older than 5 s when they are handled: readers fall behind.',
  },
};

export const alertCases: readonly AlertCase[] = [
  {
    title: 'all is well: nothing fires',
    at: '30m',
    series: [
      ...up(),
      [placed(202), '0+100x60'],
      [placed(202, '0.5'), '0+100x60'],
      ['order_confirmation_duration_count{job="order"}', '0+100x60'],
      ['order_confirmation_duration_bucket{job="order",le="5"}', '0+100x60'],
      ['messaging_outbox_oldest_age{job="order"}', '0x60'],
      [`messaging_message_age_count{${of}}`, '0+100x60'],
      [`messaging_message_age_bucket{${of},le="5"}`, '0+100x60'],
      [`messaging_consumer_pending{${of}}`, '3x60'],
      [`messaging_consumer_ack_pending{${of}}`, '1x60'],
      [`messaging_consumer_redelivered{${of}}`, '0x60'],
      [`messaging_process_duration_count{${of}}`, '0+100x60'],
      [`messaging_dead_letters_total{${of},error_type="INTERNAL"}`, '4x60'],
      ['resilience_breaker_state{job="payment",policy="psp"}', '0x60'],
      ['resilience_retry_budget_left{job="payment",policy="psp"}', '10x60'],
      ['payment_provider_duration_count{job="payment",operation="authorize",outcome="ok"}', '0+100x60'],
      ['order_saga_oldest_age{job="order",state="PENDING_PAYMENT"}', '1x60'],
      ['nodejs_eventloop_utilization{job="order",instance="order-1"}', '0.4x60'],
      // A morning of many sign-ins: people mistype, and one of them keeps trying.
      [securityEvent('sign-in.succeeded', 'success'), '0+100x60'],
      [securityEvent('sign-in.failed', 'failure'), '0+15x60'],
      [securityEvent('sign-in.throttled', 'denied'), '0x20 0+1x40'],
      [securityEvent('access.denied', 'denied', 'gateway'), '0+2x60'],
      [securityEvent('token.reuse-detected', 'denied'), '3x60'],
    ],
    fires: [],
  },
  {
    title: 'one order in ten answers 500: page and ticket',
    at: '20m',
    series: [...up(), [placed(202), '0+90x60'], [placed(202, '0.5'), '0+90x60'], [placed(500), '0+10x60']],
    fires: burning('placing-availability', 'Placing an order works: 10% were bad, 0.1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'a canary that has all requests fails one order in ten',
    at: '20m',
    series: [
      ...up(),
      [placed(202), '500x60'],
      [placed(202, undefined, 'gateway-canary'), '0+90x60'],
      [placed(202, '0.5', 'gateway-canary'), '0+90x60'],
      [placed(500, undefined, 'gateway-canary'), '0+10x60'],
    ],
    fires: burning('placing-availability', 'Placing an order works: 10% were bad, 0.1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'two orders in a thousand answer 500, all day: a ticket',
    at: '8h',
    series: [...up(), [placed(202), '0+998x600'], [placed(202, '0.5'), '0+998x600'], [placed(503), '0+2x600']],
    fires: burning('placing-availability', 'Placing an order works: 0.2% were bad, 0.1 % may be.', 'ticket'),
  },
  {
    title: 'an outage that is over does not page any more',
    at: '50m',
    series: [...up(), [placed(202), '0+100x60'], [placed(202, '0.5'), '0+100x60'], [placed(500), '0+100x10 1000x50']],
    fires: burning('placing-availability', 'Placing an order works: 17.24% were bad, 0.1 % may be.', 'ticket'),
  },
  {
    title: 'every second order takes longer than 500 ms',
    at: '20m',
    series: [...up(), [placed(202), '0+100x60'], [placed(202, '0.5'), '0+50x60']],
    fires: burning('placing-latency', 'Placing an order is fast: 50% were bad, 1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'one slow order of three in a quiet night: nobody is woken',
    at: '20m',
    series: [...up(), [placed(202), '0x10 1 2 3x50'], [placed(202, '0.5'), '0x10 1 1 2x50']],
    fires: [],
  },
  {
    title: 'the same, when the first order of the process is the slow one: its counter begins at 1',
    at: '14m',
    series: [...up(), [placed(202), '_x10 1 2 3x50'], [placed(202, '0.5'), '_x10 0 1 2x50']],
    fires: [],
  },
  {
    title: 'a few slow orders in a row are enough, though the series are new: the first ones count, too',
    at: '15m',
    series: [...up(), [placed(202), '_x10 2+2x50'], [placed(202, '0.5'), '_x10 0x50']],
    fires: burning('placing-latency', 'Placing an order is fast: 100% were bad, 1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'the only orders of the night fail at once: what a process counts in its first scrape is not lost',
    at: '14m',
    series: [...up(), [placed(500), '_x10 6x50']],
    fires: burning('placing-availability', 'Placing an order works: 100% were bad, 0.1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'Prometheus has only just begun to look at processes with old failures: nothing is new',
    at: '12m',
    series: [
      ...services.map((job): Series => [`up{job="${job}",instance="${job}-1"}`, '_x5 1x60']),
      [placed(202), '_x5 100x60'],
      [placed(202, '0.5'), '_x5 80x60'],
      [placed(500), '_x5 20x60'],
      [`messaging_dead_letters_total{${of},error_type="INTERNAL"}`, '_x5 4x60'],
    ],
    fires: [],
  },
  {
    title: 'a scrape that failed does not make an old counter a new one',
    at: '12m',
    series: [
      ...up().filter(([series]) => !series.includes('order')),
      ['up{job="order",instance="order-1"}', '_x5 1 0 1x60'],
      [`messaging_dead_letters_total{${of},error_type="INTERNAL"}`, '_x5 4 _ 4x60'],
    ],
    fires: [],
  },
  {
    title: 'every second order takes longer than 5 s until it is CONFIRMED, as Prometheus 3 writes the bound',
    at: '20m',
    series: [
      ...up(),
      ['order_confirmation_duration_count{job="order"}', '0+100x60'],
      ['order_confirmation_duration_bucket{job="order",le="5.0"}', '0+50x60'],
    ],
    fires: burning('time-to-confirmed', 'A paid order is confirmed soon: 50% were bad, 1 % may be.', 'page', 'ticket'),
  },
  {
    title: 'the broker is away: messages grow old in the outbox',
    at: '20m',
    series: [...up(), ['messaging_outbox_oldest_age{job="order"}', '0x5 0+60x60']],
    fires: [
      {
        alert: 'OutboxStuck',
        labels: { severity: 'page', job: 'order' },
        summary: 'The oldest unpublished message of order is 14m 0s old.',
      },
    ],
  },
  {
    title: 'one message in ten is old when it is handled',
    at: '20m',
    series: [
      ...up(),
      [`messaging_message_age_count{${of}}`, '0+100x60'],
      [`messaging_message_age_bucket{${of},le="5"}`, '0+90x60'],
    ],
    fires: burning('message-freshness', 'Messages are handled soon: 10% were bad, 0.5 % may be.', 'page', 'ticket'),
  },
  {
    title: 'payment has stopped',
    at: '10m',
    series: up('payment'),
    fires: [
      {
        alert: 'ServiceDown',
        labels: { severity: 'page', job: 'payment' },
        summary: 'No instance of payment can be scraped.',
      },
      {
        alert: 'InstanceDown',
        labels: { severity: 'ticket', job: 'payment', instance: 'payment-1' },
        summary: 'payment-1 of payment cannot be scraped.',
      },
    ],
  },
  {
    title: 'payment is not even a target any more',
    at: '10m',
    series: up().filter(([series]) => !series.includes('payment')),
    fires: [
      {
        alert: 'ServiceDown',
        labels: { severity: 'page', job: 'payment' },
        summary: 'No instance of payment can be scraped.',
      },
    ],
  },
  {
    title: 'one of two instances has stopped',
    at: '10m',
    series: [...up(), ['up{job="order",instance="order-2"}', '0x60']],
    fires: [
      {
        alert: 'InstanceDown',
        labels: { severity: 'ticket', job: 'order', instance: 'order-2' },
        summary: 'order-2 of order cannot be scraped.',
      },
    ],
  },
  {
    title: 'the first dead letter of a process, whose counter did not exist before',
    at: '12m',
    series: [...up(), [`messaging_dead_letters_total{${of},error_type="INVALID_MESSAGE"}`, '_x10 1x60']],
    fires: [
      {
        alert: 'DeadLetters',
        labels: {
          severity: 'ticket',
          job: 'order',
          messaging_consumer_group_name: consumer,
          error_type: 'INVALID_MESSAGE',
        },
        summary: `Messages for ${consumer} became dead letters: INVALID_MESSAGE.`,
      },
    ],
  },
  {
    title: 'a consumer handles nothing while messages wait',
    at: '15m',
    series: [
      ...up(),
      [`messaging_consumer_pending{${of}}`, '7x60'],
      [`messaging_consumer_ack_pending{${of}}`, '2x60'],
      [`messaging_process_duration_count{${of}}`, '5x60'],
    ],
    fires: [
      {
        alert: 'ConsumerStalled',
        labels: { severity: 'page', messaging_consumer_group_name: consumer },
        summary: `9 messages wait for ${consumer}, which handles none.`,
      },
    ],
  },
  {
    title: 'a consumer is slower than its messages come',
    at: '15m',
    series: [
      ...up(),
      [`messaging_consumer_pending{${of}}`, '5000x60'],
      [`messaging_consumer_ack_pending{${of}}`, '256x60'],
      [`messaging_process_duration_count{${of}}`, '0+100x60'],
    ],
    fires: [
      {
        alert: 'ConsumerBehind',
        labels: { severity: 'ticket', messaging_consumer_group_name: consumer },
        summary: `5000 messages wait for ${consumer}.`,
      },
    ],
  },
  {
    title: 'a message fails again and again',
    at: '15m',
    series: [...up(), [`messaging_consumer_redelivered{${of}}`, '2x60']],
    fires: [
      {
        alert: 'ConsumerRedelivering',
        labels: { severity: 'ticket', messaging_consumer_group_name: consumer },
        summary: `${consumer} keeps failing on 2 messages.`,
      },
    ],
  },
  {
    title: 'the broker lost a stream',
    at: '12m',
    series: [
      ...up(),
      [
        'messaging_outbox_republished_total{job="order",instance="order-1",messaging_nats_stream="ORDER"}',
        '_x10 40x60',
      ],
    ],
    fires: [
      {
        alert: 'MessagesLost',
        labels: { severity: 'ticket', job: 'order' },
        summary: 'The broker lost messages of order; they were published again.',
      },
    ],
  },
  {
    title: 'an order does not move',
    at: '40m',
    series: [...up(), ['order_saga_oldest_age{job="order",state="CANCELLING"}', '0+60x60']],
    fires: [
      {
        alert: 'OrderSagaStuck',
        labels: { severity: 'ticket', state: 'CANCELLING' },
        summary: 'An order has been CANCELLING for 40m 0s.',
      },
    ],
  },
  {
    title: 'every second call to the payment provider ends without an answer',
    at: '15m',
    series: [
      ...up(),
      ['payment_provider_duration_count{job="payment",operation="authorize",outcome="ok"}', '0+10x60'],
      ['payment_provider_duration_count{job="payment",operation="authorize",outcome="unclear"}', '0+10x60'],
    ],
    fires: [
      {
        alert: 'PaymentProviderFailing',
        labels: { severity: 'page' },
        summary: '50% of the calls to the payment provider get no answer.',
      },
    ],
  },
  {
    title: 'a breaker stays open, with a probe now and then',
    at: '10m',
    series: [...up(), ['resilience_breaker_state{job="payment",policy="psp"}', '2 2 1 2 2 1 2 2 1 2 2 1 2']],
    fires: [
      {
        alert: 'BreakerOpen',
        labels: { severity: 'ticket', job: 'payment', policy: 'psp' },
        summary: 'payment does not call psp: its breaker is open.',
      },
    ],
  },
  {
    title: 'no retry is left',
    at: '10m',
    series: [...up(), ['resilience_retry_budget_left{job="gateway",policy="forward.order"}', '0.2x60']],
    fires: [
      {
        alert: 'RetryBudgetEmpty',
        labels: { severity: 'ticket', job: 'gateway', policy: 'forward.order' },
        summary: 'gateway has used up its retries of forward.order.',
      },
    ],
  },
  {
    title: 'a service refuses work',
    at: '15m',
    series: [
      ...up(),
      ['admission_shed_total{job="order",admission="database",kind="request",reason="expected"}', '0+120x60'],
    ],
    fires: [
      {
        alert: 'LoadShedding',
        labels: { severity: 'ticket', job: 'order', admission: 'database' },
        summary: 'order refuses 2 units of work a second (database).',
      },
    ],
  },
  {
    title: 'deadlines pass before there is a response',
    at: '15m',
    series: [
      ...up(),
      ['http_server_request_duration_count{job="order",http_route="/v1/orders/:id"}', '0+100x60'],
      ['http_server_expired_total{job="order",http_request_method="GET",http_route="/v1/orders/:id"}', '0+10x60'],
    ],
    fires: [
      {
        alert: 'RequestsExpiring',
        labels: { severity: 'ticket', job: 'order' },
        summary: 'The deadline of 10% of the requests to order passes.',
      },
    ],
  },
  {
    title: 'somebody always waits for a database connection',
    at: '10m',
    series: [
      ...up(),
      ['db_client_connection_count{job="order",instance="order-1",db_client_connection_state="pending"}', '4x60'],
      ['db_client_connection_count{job="order",instance="order-1",db_client_connection_state="used"}', '8x60'],
    ],
    fires: [
      {
        alert: 'PoolExhausted',
        labels: {
          severity: 'ticket',
          job: 'order',
          instance: 'order-1',
          db_client_connection_state: 'pending',
        },
        summary: 'Work of order-1 always waits for a database connection.',
      },
    ],
  },
  {
    title: 'sign-ins queue for a password hash',
    at: '10m',
    series: [...up(), ['auth_password_hash_queued{job="user",instance="user-1"}', '30x60']],
    fires: [
      {
        alert: 'PasswordHashQueue',
        labels: { severity: 'ticket', instance: 'user-1' },
        summary: '30 sign-ins wait for a password hash on user-1.',
      },
    ],
  },
  {
    title: 'an event loop is always busy',
    at: '15m',
    series: [...up(), ['nodejs_eventloop_utilization{job="order",instance="order-1"}', '0.97x60']],
    fires: [
      {
        alert: 'EventLoopBusy',
        labels: { severity: 'ticket', job: 'order', instance: 'order-1' },
        summary: 'The event loop of order-1 is busy 97% of the time.',
      },
    ],
  },
  {
    title: 'somebody tries passwords, the counter of the process is new',
    at: '12m',
    series: [...up(), [securityEvent('sign-in.failed', 'failure'), '_x10 80 80x60']],
    fires: [
      {
        alert: 'SignInsFailing',
        labels: { severity: 'ticket' },
        summary: '80 sign-ins failed within 5 minutes, more than succeeded.',
      },
    ],
  },
  {
    title: 'a few people mistype in a night without a sign-in that succeeds',
    at: '12m',
    series: [...up(), [securityEvent('sign-in.failed', 'failure'), '_x10 40x60']],
    fires: [],
  },
  {
    title: 'somebody keeps trying accounts that are slowed down',
    at: '40m',
    series: [
      ...up(),
      [securityEvent('sign-in.throttled', 'denied'), '0+9x60'],
      [securityEvent('sign-in.succeeded', 'success'), '0+60x60'],
    ],
    fires: [
      {
        alert: 'SignInsThrottled',
        labels: { severity: 'ticket' },
        summary: '45 sign-ins were refused within 5 minutes: accounts or addresses where too many failed.',
      },
    ],
  },
  {
    title: 'the first refresh token that is used twice',
    at: '12m',
    series: [...up(), [securityEvent('token.reuse-detected', 'denied'), '_x10 1x60']],
    fires: [
      {
        alert: 'TokenReused',
        labels: { severity: 'ticket', job: 'user' },
        summary: 'A code or refresh token was used twice, and what it had issued was revoked: a thief, or its owner.',
      },
    ],
  },
  {
    title: 'somebody tries what the token does not allow, through the gateway and with the ids of others',
    at: '12m',
    series: [
      ...up(),
      [securityEvent('access.denied', 'denied', 'gateway'), '_x10 30x60'],
      [securityEvent('access.denied', 'denied', 'order'), '_x10 40x60'],
    ],
    fires: [
      {
        alert: 'AccessDenied',
        labels: { severity: 'ticket' },
        summary: '70 requests within 5 minutes asked for more than their tokens allow, or for what is somebody else’s.',
      },
    ],
  },
];
