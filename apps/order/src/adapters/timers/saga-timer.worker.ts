import { asWork } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DriveDueOrders } from '../../application/drive-due-orders.js';

const log = getLogger('saga-timer');

export interface SagaTimerOptions {
  /** How often timers are looked at, milliseconds. */
  readonly pollMs: number;
  /** Most timers taken at once. Default 50. */
  readonly batch?: number;
}

/** Polls the timers of open steps. Several instances share the work; one that stops ends its turn first. */
@Injectable()
export class SagaTimerWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly drive: DriveDueOrders,
    private readonly options: SagaTimerOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.turn;
  }

  private next(delayMs = this.options.pollMs): void {
    if (this.stopping) return;
    this.timer = setTimeout(() => {
      this.turn = asWork('background', () => this.once()).then((delay) => this.next(delay));
    }, delayMs);
  }

  /** @returns How long to wait until the next turn: not at all while there is a backlog. */
  private async once(): Promise<number> {
    const batch = this.options.batch ?? 50;
    try {
      const claimed = await this.drive.execute(batch, (orderId, err) =>
        log.error({ err, orderId }, 'the step was not driven; next time'),
      );
      if (claimed > 0) log.info({ orders: claimed }, 'asked again where a payment had not answered');
      return claimed === batch ? 0 : this.options.pollMs;
    } catch (err) {
      // The database is away. Others say so loudly; here the next turn is what matters.
      log.warn({ err }, 'the timers could not be read; trying again');
      return this.options.pollMs;
    }
  }
}
