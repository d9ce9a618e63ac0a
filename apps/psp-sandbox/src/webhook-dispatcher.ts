import { createHmac } from 'node:crypto';
import { callerKeepAlive } from '@causeway/contracts/keep-alive';
import type { Sql } from '@causeway/persistence';
import { fullJitterMs, type WakeSignal } from '@causeway/resilience';
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

interface DeliveryResult {
  readonly id: string;
  readonly status: 'pending' | 'delivered' | 'given_up';
  /** Status of the response, or an error code. */
  readonly result: string;
  readonly delayMs: number;
}

/**
 * Delay after the first, second, … failure, milliseconds. After the tenth failure (2.3 days) the delivery is given up.
 */
const backoffMs = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 86_400_000];
const timeoutMs = 5_000;
const leaseMs = 15_000;
/** Deliveries of one round: their results are stored together. */
const batch = 32;
/** The longest pause, which finds what a dead instance has left. */
const maxPauseMs = 5_000;
/** Pause after a round that failed. */
const retryMs = 500;
const housekeepingMs = 3_600_000;

/** Returns the value of the PSP-Signature header: `t=<unix s>,v1=<hex hmac-sha256 of "t.body">`. */
export const signature = (body: string, secret: string, atSeconds: number): string =>
  `t=${atSeconds},v1=${createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex')}`;

/** Delivers webhook events until the merchant responds 2xx. Each attempt is signed anew. */
export class WebhookDispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = getLogger('psp-webhooks');
  private readonly agent = new Agent({
    ...callerKeepAlive,
    connections: batch,
    clientTtl: 30_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  private stopped = false;
  private loop: Promise<void> = Promise.resolve();
  private cleanedAt = 0;

  /**
   * @param sql        Autocommit.
   * @param wakeSignal Woken after each commit that adds a delivery.
   */
  constructor(
    private readonly sql: Sql,
    private readonly target: WebhookTarget,
    private readonly wakeSignal: WakeSignal,
    private readonly now: () => number = Date.now,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.work();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.wakeSignal.wake();
    await this.loop;
    await this.agent.close();
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      const pauseMs = await this.round().catch((err: unknown) => {
        this.log.warn({ err }, `webhooks could not be read or stored; trying again in ${retryMs} ms`);
        return retryMs;
      });
      if (pauseMs > 0 && !this.stopped) await this.wakeSignal.wait(pauseMs);
    }
  }

  /** Delivers what is due. @returns Milliseconds until the next round is worth it. */
  private async round(): Promise<number> {
    await this.cleanUp();
    const { url } = this.target;
    if (url === undefined) return maxPauseMs;
    const { rows } = await this.sql.query<DeliveryRow>(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = now() + $1 * interval '1 millisecond'
        WHERE id IN (SELECT id FROM webhook_deliveries WHERE status = 'pending' AND due_at <= now()
                      ORDER BY due_at LIMIT ${batch} FOR UPDATE SKIP LOCKED)
       RETURNING id, body, attempts`,
      [leaseMs],
    );
    if (rows.length === 0) return this.untilNextDue();
    await this.store(await Promise.all(rows.map((row) => this.deliver(url, row))));
    return 0;
  }

  private async untilNextDue(): Promise<number> {
    const { rows } = await this.sql.query<{ ms: number | null }>(
      `SELECT ceil(extract(epoch FROM min(due_at) - now()) * 1000)::float8 AS ms FROM webhook_deliveries WHERE status = 'pending'`,
    );
    return Math.min(maxPauseMs, Math.max(1, rows[0]?.ms ?? maxPauseMs));
  }

  private async deliver(url: string, { id, body, attempts }: DeliveryRow): Promise<DeliveryResult> {
    const result = await this.post(url, body);
    if (/^2\d\d$/.test(result)) return { id, status: 'delivered', result, delayMs: 0 };
    const delayMs = backoffMs[attempts - 1];
    const next = delayMs === undefined ? 'giving up' : `delivering again in ${delayMs / 1_000} s`;
    this.log.warn({ delivery: id, attempts, result, delayMs }, `webhook was not accepted; ${next}`);
    return { id, status: delayMs === undefined ? 'given_up' : 'pending', result, delayMs: delayMs ?? 0 };
  }

  /** Retries while the lease lasts: a result that is not stored means one more delivery. */
  private async store(results: readonly DeliveryResult[]): Promise<void> {
    const until = performance.now() + leaseMs - timeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.sql.query(
          `UPDATE webhook_deliveries SET status = r.status, last_result = r.result, due_at = now() + r.delay_ms * interval '1 millisecond'
             FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[]) AS r (id, status, result, delay_ms)
            WHERE webhook_deliveries.id = r.id`,
          [
            results.map(({ id }) => id),
            results.map(({ status }) => status),
            results.map(({ result }) => result),
            results.map(({ delayMs }) => delayMs),
          ],
        );
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
