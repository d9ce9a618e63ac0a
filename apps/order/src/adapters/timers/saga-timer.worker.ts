import { asWork } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DriveDueOrders } from '../../application/drive-due-orders.js';

const log = getLogger('saga-timer');

export interface SagaTimerOptions {
  /** Pause between two polls, milliseconds. */
  readonly pollMs: number;
  /** Most timers claimed in one poll. Default 50. */
  readonly batch?: number;
}

/** Polls the saga timers. Several instances share the work; one that stops finishes its current batch first. */
@Injectable()
export class SagaTimerWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly drive: DriveDueOrders,
    private readonly options: SagaTimerOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.polling;
  }

  private schedule(delayMs = this.options.pollMs): void {
    if (this.stopping) return;
    this.timer = setTimeout(() => {
      this.polling = asWork('background', () => this.poll()).then((delay) => this.schedule(delay));
    }, delayMs);
  }

  /** @returns The pause before the next poll, milliseconds: none while there is a backlog. */
  private async poll(): Promise<number> {
    const batch = this.options.batch ?? 50;
    try {
      const claimed = await this.drive.execute(batch, (orderId, err) =>
        log.error({ err, orderId }, 'saga step failed; retrying at its next due time'),
      );
      if (claimed > 0) log.info({ orders: claimed }, 'repeated saga steps whose payment had not answered');
      return claimed === batch ? 0 : this.options.pollMs;
    } catch (err) {
      // The database is not available. Health checks and requests report that; this worker just polls again.
      log.warn({ err }, 'saga timers could not be read; polling again');
      return this.options.pollMs;
    }
  }
}
