import { confirmedWithin } from '../slo.js';
import { type Board } from './board.js';

const per = 'sum by (state, outcome) (rate(order_orders_total[$__rate_interval]))';
const confirmed = (q: number): string =>
  `histogram_quantile(${q}, sum by (le) (rate(order_confirmation_duration_bucket[$__rate_interval])))`;

/** From placed to the end: where orders are, and how long they have been there. */
export const orders: Board = {
  uid: 'causeway-orders',
  title: 'Causeway: orders',
  about: 'The funnel of orders, the sagas that are open, and the payment provider.',
  rows: [
    {
      title: 'Funnel',
      graphs: [
        { title: 'Orders that reach a state', unit: 'reqps', queries: [[per, '{{state}} {{outcome}}']] },
        {
          title: 'Orders in the chosen time',
          unit: 'short',
          note: 'Placed = confirmed + rejected + cancelled + still open.',
          queries: [['sum by (state) (increase(order_orders_total[$__range]))', '{{state}}']],
        },
        {
          title: 'Placed to CONFIRMED',
          unit: 's',
          note: `The objective is ${confirmedWithin} s for 99 %.`,
          queries: [
            [confirmed(0.5), 'p50'],
            [confirmed(0.9), 'p90'],
            [confirmed(0.99), 'p99'],
          ],
        },
      ],
    },
    {
      title: 'Sagas',
      graphs: [
        { title: 'Open sagas', unit: 'short', queries: [['max by (state) (order_saga_open)', '{{state}}']] },
        {
          title: 'Oldest order in each state',
          unit: 's',
          note: 'A line that rises with the clock is one order that does not move: runbook OrderSagaStuck.',
          queries: [['max by (state) (order_saga_oldest_age)', '{{state}}']],
        },
      ],
    },
    {
      title: 'Payment provider',
      graphs: [
        {
          title: 'Calls by outcome',
          unit: 'reqps',
          queries: [
            [
              'sum by (operation, outcome) (rate(payment_provider_duration_count[$__rate_interval]))',
              '{{operation}} {{outcome}}',
            ],
          ],
        },
        {
          title: 'Duration, p99',
          unit: 's',
          queries: [
            [
              'histogram_quantile(0.99, sum by (le, operation) (rate(payment_provider_duration_bucket[$__rate_interval])))',
              '{{operation}}',
            ],
          ],
        },
      ],
    },
  ],
};
