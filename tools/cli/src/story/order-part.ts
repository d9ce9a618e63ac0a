import { ago, duration } from '../output/duration.js';
import type { Query } from '../target/read-database.js';
import { money, type StoryEvent, type StoryPart } from './story.js';

export interface OrderFacts extends Record<string, unknown> {
  readonly id: string;
  readonly customer_id: string;
  readonly payment_id: string;
  readonly status: string;
  readonly step: string | null;
  readonly reason: string | null;
  readonly stock_held: boolean;
  readonly currency: string;
  readonly total_minor: string;
  readonly version: number;
  readonly placed_at: Date;
  readonly updated_at: Date;
  readonly due_at: Date | null;
  readonly attempts: number | null;
  readonly give_up_at: Date | null;
  readonly lines: string;
}

/** @param id of the order, or of its payment */
export async function findOrder(query: Query, id: string): Promise<OrderFacts | undefined> {
  const [found] = await query<OrderFacts>(
    `SELECT o.id, o.customer_id, o.payment_id, o.status::text, o.step::text, o.reason, o.stock_held, o.currency,
            o.total_minor, o.version, o.placed_at, o.updated_at, t.due_at, t.attempts, t.give_up_at,
            (SELECT string_agg(l.quantity || ' × ' || l.name, ', ' ORDER BY l.position)
               FROM order_lines l WHERE l.order_id = o.id) AS lines
       FROM orders o LEFT JOIN saga_timers t ON t.order_id = o.id
      WHERE o.id = $1 OR o.payment_id = $1`,
    [id],
  );
  return found;
}

interface OrderChange extends Record<string, unknown> {
  readonly version: number;
  readonly status: string;
  readonly step: string | null;
  readonly reason: string | null;
  readonly occurred_at: Date;
  readonly cause: string;
  readonly cause_name: string;
  readonly cause_id: string | null;
  readonly trace_id: string | null;
}

/** The past of the order: a row for each version. An order of a release that did not keep it has gaps. */
export const orderPast = (query: Query, orderId: string): Promise<readonly OrderChange[]> =>
  query<OrderChange>(
    `SELECT version, status::text, step::text, reason, occurred_at, cause::text, cause_name, cause_id, trace_id
       FROM order_events WHERE order_id = $1 ORDER BY version`,
    [orderId],
  );

const asEvent = ({ version, status, step, reason, occurred_at, cause, ...by }: OrderChange): StoryEvent => ({
  at: occurred_at,
  by: 'order',
  what: [
    version === 1 ? 'is placed' : `becomes ${status} (version ${version})`,
    ...(reason === null ? [] : [reason]),
    ...(step === null ? [] : [`waits for ${step}`]),
    `because of the ${cause} ${by.cause_name}${by.cause_id === null ? '' : ` ${by.cause_id}`}`,
  ].join(', '),
  ...(by.trace_id !== null && { traceId: by.trace_id }),
});

export function orderPart(order: OrderFacts, past: readonly OrderChange[]): StoryPart {
  const { status, step, reason, due_at, attempts, give_up_at, version, updated_at, stock_held } = order;
  return {
    events: [
      ...(past[0]?.version === 1 ? [] : [{ at: order.placed_at, by: 'order', what: 'is placed' }]),
      ...past.map(asEvent),
      ...(version > 1 && past.at(-1)?.version !== version
        ? [{ at: updated_at, by: 'order', what: `became ${status} (version ${version})` }]
        : []),
    ],
    now: [
      `order    ${order.id}  ${status}${reason === null ? '' : ` (${reason})`}, version ${version}, ${ago(updated_at)}`,
      `         ${order.lines}; ${money(order.total_minor, order.currency)}; customer ${order.customer_id}`,
      `         stock is ${stock_held ? 'held' : 'released'}`,
    ],
    open:
      step === null
        ? []
        : [
            `the saga waits for ${step}; ${
              due_at === null ? 'NO TIMER drives it' : `its timer fires ${when(due_at)}, ${attempts} so far`
            }${give_up_at === null ? '' : `; it gives up ${when(give_up_at)}`}`,
          ],
  };
}

const when = (at: Date): string =>
  at.getTime() > Date.now() ? `in ${duration(at.getTime() - Date.now())}` : `now (due since ${ago(at)})`;
