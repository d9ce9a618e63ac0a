import type { Sql } from '@causeway/persistence';
import { Deadline, withDeadline } from '@causeway/resilience';
import { instruments, meter, sharedReading } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Order } from '../../domain/order.js';

interface OpenSagas {
  readonly status: Order['status'];
  readonly open: number;
  readonly oldestSeconds: number;
}

/** Every status in which a step can be open; a REJECTED or CANCELLED order may have late money to return. */
const states = ['PENDING_PAYMENT', 'AUTHORIZED', 'CANCELLING', 'REJECTED', 'CANCELLED'] as const;
/** A scrape waits no longer than this for a database that does not answer. */
const limitMs = 1_000;

/**
 * Shows how many orders wait for their payment, and how long the oldest has been in its state. The database is asked
 * when somebody reads the metrics; `saga_timers` has one row for each open order, so this stays cheap however many
 * orders there are. While the database is away, the last values stay.
 *
 * Every instance reports the same numbers: take their maximum.
 */
export class SagaGauges implements OnApplicationBootstrap, OnModuleDestroy {
  private ends: readonly (() => void)[] = [];

  constructor(private readonly sql: Sql) {}

  onApplicationBootstrap(): void {
    const read = sharedReading(() => withDeadline(Deadline.after(limitMs), () => this.read()));
    const gauge = (name: string, description: string, unit: string, valueOf: (sagas: OpenSagas) => number) =>
      meter('causeway.order').gauge(name, { description, unit }, async (observe) => {
        for (const sagas of await read()) observe(valueOf(sagas), { state: sagas.status });
      });
    this.ends = [
      gauge(instruments.sagaOpen, 'Orders that wait for an outcome of their payment', '{order}', ({ open }) => open),
      gauge(
        instruments.sagaOldestAge,
        'How long the oldest of them has been in its state',
        's',
        ({ oldestSeconds }) => oldestSeconds,
      ),
    ];
  }

  onModuleDestroy(): void {
    this.ends.forEach((end) => end());
  }

  private async read(): Promise<OpenSagas[]> {
    const { rows } = await this.sql.query<{ status: Order['status']; open: string; oldest: string }>(
      `SELECT orders.status, count(*) AS open, extract(epoch FROM clock_timestamp() - min(orders.updated_at)) AS oldest
         FROM saga_timers JOIN orders ON orders.id = saga_timers.order_id GROUP BY orders.status`,
    );
    const found = new Map(rows.map((row) => [row.status, row]));
    // Zeros as well: an exported value stays until it is observed again.
    return states.map((status) => {
      const { open = 0, oldest = 0 } = found.get(status) ?? {};
      return { status, open: Number(open), oldestSeconds: Math.max(0, Number(oldest)) };
    });
  }
}
