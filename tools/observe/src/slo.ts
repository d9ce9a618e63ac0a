/** A window as PromQL writes it. */
export type Window = '5m' | '30m' | '1h' | '2h' | '6h' | '1d' | '3d';

/** A service level objective: which share of something may be bad over 30 days. docs/slo.md says why these. */
export interface Slo {
  /** Label `slo` of the recorded series. */
  readonly name: string;
  /** Its burn-rate alert, and the runbook of the same name. */
  readonly alert: string;
  readonly title: string;
  /** Share that must be good, 0 to 1. */
  readonly objective: number;
  /** Counters of everything that counts, as PromQL selects them. */
  readonly all: string;
  /** The bad or the good ones among them. */
  readonly some: { readonly bad: string } | { readonly good: string };
  /** What a person sees while the budget burns. */
  readonly symptom: string;
  /** Where it is measured and what counts, for docs/slo.md. */
  readonly counts: string;
}

// demo
/** Placing an order, seen by customers: at the gateway, whatever is behind it, with the version that is being tried. */
const placing = 'job=~"gateway(-canary)?",http_request_method="POST",http_route="/v1/orders"';

/** Seconds. Bounds of the histograms, so that they are counted and not interpolated. */
export const placedWithin = 0.5;
export const confirmedWithin = 5;
// end demo
/** Seconds. A bound of the histogram, so that it is counted and not interpolated. */
export const handledWithin = 5;

/** Prometheus 3 writes whole bounds as `5.0`, Prometheus 2 as the service does: `5`. */
const bound = (seconds: number): string => (Number.isInteger(seconds) ? `le=~"${seconds}([.]0)?"` : `le="${seconds}"`);

export const slos: readonly Slo[] = [
  // demo
  {
    name: 'placing-availability',
    alert: 'PlacingAvailabilityBudgetBurn',
    title: 'Placing an order works',
    objective: 0.999,
    all: `http_server_request_duration_count{${placing}}`,
    some: { bad: `http_server_request_duration_count{${placing},http_response_status_code=~"5.."}` },
    symptom: 'Customers get 5xx when they place an order.',
    counts: 'requests to `POST /v1/orders` at the gateway; bad is every 5xx, load shedding and passed deadlines too',
  },
  {
    name: 'placing-latency',
    alert: 'PlacingLatencyBudgetBurn',
    title: 'Placing an order is fast',
    objective: 0.99,
    all: `http_server_request_duration_count{${placing},http_response_status_code="202"}`,
    some: {
      good: `http_server_request_duration_bucket{${placing},http_response_status_code="202",${bound(placedWithin)}}`,
    },
    symptom: `Customers wait longer than ${placedWithin * 1_000} ms until their order is accepted.`,
    counts: `accepted orders (202) at the gateway; bad is one that took longer than ${placedWithin * 1_000} ms`,
  },
  {
    name: 'time-to-confirmed',
    alert: 'ConfirmationBudgetBurn',
    title: 'A paid order is confirmed soon',
    objective: 0.99,
    all: 'order_confirmation_duration_count',
    some: { good: `order_confirmation_duration_bucket{${bound(confirmedWithin)}}` },
    symptom: `Orders take longer than ${confirmedWithin} s from placed to CONFIRMED.`,
    counts: `orders that reach CONFIRMED; bad is one that took longer than ${confirmedWithin} s since it was placed`,
  },
  // end demo
  {
    name: 'message-freshness',
    alert: 'MessageFreshnessBudgetBurn',
    title: 'Messages are handled soon',
    objective: 0.995,
    all: 'messaging_message_age_count',
    some: { good: `messaging_message_age_bucket{${bound(handledWithin)}}` },
    symptom: `Events and commands are older than ${handledWithin} s when they are handled: readers fall behind.`,
    counts: `deliveries to a handler; bad is one of a message that was committed more than ${handledWithin} s before`,
  },
];

/**
 * When to alert, from "The Site Reliability Workbook", chapter 5, for 30 days: a long window says that it matters, a
 * short one that it is still going on. `burn` is how many times faster than allowed the budget goes: 14.4 eats 2 % of it
 * in an hour.
 */
export const burnRates = [
  { severity: 'page', burn: 14.4, long: '1h', short: '5m' },
  { severity: 'page', burn: 6, long: '6h', short: '30m' },
  { severity: 'ticket', burn: 3, long: '1d', short: '2h' },
  { severity: 'ticket', burn: 1, long: '3d', short: '6h' },
] as const satisfies readonly { severity: Severity; burn: number; long: Window; short: Window }[];

/**
 * Fewest bad events in the long window. Below them a share says nothing: of three orders a night one slow one is 33 %,
 * and one customer's failure is nothing to wake somebody for.
 */
export const fewestBad: Readonly<Record<Severity, number>> = { page: 5, ticket: 2 };

/** `page`: somebody looks now. `ticket`: somebody looks on the next working day. */
export type Severity = 'page' | 'ticket';

export const windows: readonly Window[] = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];
