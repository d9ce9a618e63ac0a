import { createHmac } from 'node:crypto';
import { callerKeepAlive } from '@causeway/contracts/keep-alive';
import type { Sql } from '@causeway/persistence';
import { fullJitterMs } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Agent, request } from 'undici';

export interface WebhookTarget {
  /** Undefined: nothing is sent; due deliveries wait. */
  readonly url: string | undefined;
  readonly secret: string;
}

interface DeliveryRow {
  readonly id: string;
  readonly body: string;
  readonly attempts: number;
}

/**
 * Delay after the first, second, … failure, milliseconds. After the tenth failure (2.3 days) the delivery is given up.
 */
const backoffMs = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 86_400_000];
const timeoutMs = 5_000;
const leaseMs = 15_000;
const pollMs = 100;
const housekeepingMs = 3_600_000;

/** Returns the value of the PSP-Signature header: `t=<unix s>,v1=<hex hmac-sha256 of "t.body">`. */
export const signature = (body: string, secret: string, atSeconds: number): string =>
  `t=${atSeconds},v1=${createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex')}`;

/** Delivers webhook events until the merchant responds 2xx. Each attempt is signed anew. */
export class WebhookDispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = getLogger('psp-webhooks');
  private readonly agent = new Agent({
    ...callerKeepAlive,
    connections: 16,
    clientTtl: 30_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  private readonly stopping = Promise.withResolvers<void>();
  private stopped = false;
  private loop: Promise<void> = Promise.resolve();
  private cleanedAt = 0;

  /** @param sql Autocommit. */
  constructor(
    private readonly sql: Sql,
    private readonly target: WebhookTarget,
    private readonly now: () => number = Date.now,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.work();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.stopping.resolve();
    await this.loop;
    await this.agent.close();
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      const sent = await this.round().catch((err: unknown) => {
        this.log.warn({ err }, `webhooks could not be read; trying again in ${pollMs} ms`);
        return 0;
      });
      if (sent > 0) continue;
      const pause = Promise.withResolvers<void>();
      const timer = setTimeout(pause.resolve, pollMs);
      await Promise.race([pause.promise, this.stopping.promise]);
      clearTimeout(timer);
    }
  }

  /** @returns The number of deliveries attempted. */
  private async round(): Promise<number> {
    await this.cleanUp();
    const { url } = this.target;
    if (url === undefined) return 0;
    const { rows } = await this.sql.query<DeliveryRow>(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = now() + $1 * interval '1 millisecond'
        WHERE id IN (SELECT id FROM webhook_deliveries WHERE status = 'pending' AND due_at <= now()
                      ORDER BY due_at LIMIT 16 FOR UPDATE SKIP LOCKED)
       RETURNING id, body, attempts`,
      [leaseMs],
    );
    await Promise.all(rows.map((row) => this.deliver(url, row)));
    return rows.length;
  }

  private async deliver(url: string, { id, body, attempts }: DeliveryRow): Promise<void> {
    const result = await this.post(url, body);
    if (/^2\d\d$/.test(result)) {
      await this.store(`UPDATE webhook_deliveries SET status = 'delivered', last_result = $2 WHERE id = $1`, [
        id,
        result,
      ]);
      return;
    }
    const delayMs = backoffMs[attempts - 1];
    const next = delayMs === undefined ? 'giving up' : `delivering again in ${delayMs / 1_000} s`;
    this.log.warn({ delivery: id, attempts, result, delayMs }, `webhook was not accepted; ${next}`);
    await this.store(
      `UPDATE webhook_deliveries SET status = $2, last_result = $3, due_at = now() + $4 * interval '1 millisecond' WHERE id = $1`,
      [id, delayMs === undefined ? 'given_up' : 'pending', result, delayMs ?? 0],
    );
  }

  /** Retries while the lease lasts: a result that is not stored means one more delivery. */
  private async store(text: string, values: readonly unknown[]): Promise<void> {
    const until = performance.now() + leaseMs - timeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.sql.query(text, values);
        return;
      } catch (error) {
        if (this.stopped || performance.now() > until) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, fullJitterMs(attempt, 100, 1_000)));
    }
  }

  /** @returns The status of the response, or the error code. */
  private async post(url: string, body: string): Promise<string> {
    const headers = {
      'content-type': 'application/json',
      'psp-signature': signature(body, this.target.secret, Math.floor(this.now() / 1_000)),
    };
    try {
      const { statusCode, body: responseBody } = await request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher: this.agent,
      });
      await responseBody.dump();
      return String(statusCode);
    } catch (error) {
      return String((error as { code?: unknown }).code ?? 'failed');
    }
  }

  /** Keys live 24 h, as at other providers; finished deliveries are kept for a week. */
  private async cleanUp(): Promise<void> {
    if (this.now() - this.cleanedAt < housekeepingMs) return;
    this.cleanedAt = this.now();
    await this.sql.query(`DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'`);
    await this.sql.query(
      `DELETE FROM webhook_deliveries WHERE status <> 'pending' AND created_at < now() - interval '7 days'`,
    );
  }
}
