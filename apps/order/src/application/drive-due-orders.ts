import { CodedError } from '@causeway/errors';
import { isOverload } from '@causeway/resilience';
import { giveUp } from '../domain/order.js';
import { sendCommand } from './payment-commands.js';
import type { Clock, DueStep, OrderUnitOfWork, Timers } from './ports.js';
import { saveChange } from './save-change.js';

/** Asks again where a step had no answer, and gives orders up whose payment limit has passed. */
export class DriveDueOrders {
  /** Claimed, but not driven because the database went away: they are due again as soon as it is back. */
  private readonly undriven = new Set<string>();

  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly timers: Timers,
    private readonly clock: Clock,
  ) {}

  /**
   * One turn. Timers are claimed (and moved on) first and driven one by one, each in its own transaction: an order that fails
   * does not hold up the others, and comes back at its next time: at once where only the database was away.
   * @param onFailure Told about each order that failed.
   * @returns How many timers were claimed; `limit` means that there may be more.
   */
  async execute(limit: number, onFailure: (orderId: string, error: unknown) => void): Promise<number> {
    await this.makeUndrivenDue();
    const due = await this.timers.claimDue(limit);
    for (const step of due) {
      try {
        await this.drive(step);
      } catch (error) {
        if (isPassing(error)) this.undriven.add(step.orderId);
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

  private drive({ orderId, expired }: DueStep): Promise<void> {
    return this.uow.run(async (tx) => {
      const before = await tx.orders.forUpdate(orderId);
      if (!before?.step) return;
      const after = expired ? giveUp(before) : before;
      if (after !== before) await saveChange(tx, before, after, this.clock());
      else await sendCommand(tx, before, before.step);
    });
  }
}

const isPassing = (error: unknown): boolean =>
  isOverload(error) || (error instanceof CodedError && error.code === 'DATABASE_UNAVAILABLE');
