import { ago } from '../output/duration.js';
import type { Query } from '../target/read-database.js';
import { money, traceIdOf, type StoryPart } from './story.js';

interface PaymentFacts extends Record<string, unknown> {
  readonly id: string;
  readonly status: string;
  readonly step: string | null;
  readonly charge_id: string | null;
  readonly amount_minor: string | null;
  readonly captured_minor: string;
  readonly refunded_minor: string;
  readonly currency: string | null;
  readonly decline_reason: string | null;
  readonly capture_failure: string | null;
  readonly void_reason: string | null;
  readonly version: number;
  readonly updated_at: Date;
}

interface OperationFacts extends Record<string, unknown> {
  readonly step: string;
  readonly n: number;
  readonly status: string;
  readonly attempts: number;
  readonly amount_minor: string;
  readonly due_at: Date;
  readonly created_at: Date;
  readonly closed_at: Date | null;
  readonly traceparent: string | null;
}

const none: StoryPart = { events: [], now: ['payment  none yet'], open: [] };

/** The payment, and what the payment service has asked of the provider. */
export async function paymentPart(query: Query, paymentId: string): Promise<StoryPart> {
  const [payment] = await query<PaymentFacts>('SELECT * FROM payments WHERE id = $1', [paymentId]);
  if (!payment) return none;
  const operations = await query<OperationFacts>(
    `SELECT step, n, status, attempts, amount_minor, due_at, created_at, closed_at, traceparent
       FROM psp_operations WHERE payment_id = $1 ORDER BY created_at`,
    [paymentId],
  );
  const currency = payment.currency ?? '';
  const why = payment.decline_reason ?? payment.capture_failure ?? payment.void_reason;
  return {
    now: [
      `payment  ${payment.id}  ${payment.status}${why === null ? '' : ` (${why})`}, version ${payment.version}, ${ago(payment.updated_at)}`,
      `         captured ${money(payment.captured_minor, currency)}, refunded ${money(payment.refunded_minor, currency)}, charge ${payment.charge_id ?? 'none'}`,
    ],
    open: operations
      .filter(({ closed_at }) => closed_at === null)
      .map(
        ({ step, status, attempts, due_at }) =>
          `the operation ${step} at the provider is ${status} after ${times(attempts)}; due ${due_at.toISOString()}`,
      ),
    events: operations.flatMap((operation) => {
      const { step, n, status, attempts, created_at, closed_at } = operation;
      const traceId = traceIdOf(operation.traceparent);
      const name = `${step}${n > 1 ? ` ${n}` : ''}`;
      return [
        {
          at: created_at,
          by: 'payment',
          what: `will ${name} ${money(operation.amount_minor, currency)} at the provider`,
          traceId,
        },
        ...(closed_at === null
          ? []
          : [
              {
                at: closed_at,
                by: 'payment',
                what: `${name} ${status}, ${times(attempts)}`,
                traceId,
              },
            ]),
      ];
    }),
  };
}

const times = (attempts: number): string => `${attempts} attempt${attempts === 1 ? '' : 's'}`;
