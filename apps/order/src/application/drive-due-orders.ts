import { CodedError } from '@causeway/errors';
import { isOverload } from '@causeway/resilience';
import { about } from '@causeway/telemetry';
import { giveUp } from '../domain/order.js';
import { countOrder, reachedBy } from './order-counter.js';
import { sendCommand } from './payment-commands.js';
import type { Clock, DueStep, OrderUnitOfWork, Timers } from './ports.js';
import { saveChange } from './save-change.js';

const paymentLimit = { kind: 'timer', name: 'payment limit', id: null } as const;

/** Repeats steps that have had no outcome, and gives up orders whose payment limit has passed. */
export class DriveDueOrders {
  /**
   * Orders that were claimed but not driven, because the database was not available. They become due when it is back.
   */
  private readonly undriven = new Set<string>();

  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly timers: Timers,
    private readonly clock: Clock,
  ) {}

  /**
   * Claims due timers, then drives them one by one, each in its own transaction. An order that fails does not hold up
   * the others; it is due again at its next time, or at once if only the database was not available.
   * @param onFailure Called for each order that failed.
   * @returns How many timers were claimed; `limit` means that more may be due.
   */
  async execute(limit: number, onFailure: (orderId: string, error: unknown) => void): Promise<number> {
    await this.makeUndrivenDue();
    const due = await this.timers.claimDue(limit);
    for (const step of due) {
      try {
        await about({ orderId: step.orderId }, () => this.drive(step));
      } catch (error) {
        if (isTemporary(error)) this.undriven.add(step.orderId);
        onFailure(step.orderId, error);
      }
    }
    return due.length;
  }

  private async makeUndrivenDue(): Promise<void> {
    if (this.undriven.size === 0) return;
    await this.timers.makeDueNow([...this.undriven]);
    this.undriven.clear();
  }

  private async drive({ orderId, expired }: DueStep): Promise<void> {
    const reached = await this.uow.run(async (tx) => {
      const before = await tx.orders.forUpdate(orderId);
      if (!before?.step) return undefined;
      const after = expired ? giveUp(before) : before;
      if (after !== before) await saveChange(tx, { before, after, cause: paymentLimit }, this.clock());
      else await sendCommand(tx, before, before.step);
      return reachedBy(before, after);
    });
    countOrder(orderId, reached, 'payment_limit');
  }
}

const isTemporary = (error: unknown): boolean =>
  isOverload(error) || (error instanceof CodedError && error.code === 'DATABASE_UNAVAILABLE');
