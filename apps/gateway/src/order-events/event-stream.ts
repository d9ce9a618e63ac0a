import type { OrderChange, OrderView } from '@causeway/contracts';
import type { ServerResponse } from 'node:http';

export interface EventStreamOptions {
  /** Between two comment lines, milliseconds. */
  readonly heartbeatMs: number;
  /** The stream ends after this, milliseconds. */
  readonly maxMs: number;
}

/** Bytes that may wait for a client that does not read; an order has a handful of events of about 300 bytes. */
const maxWaitingBytes = 65_536;
/** How long a client may take to read the rest of a stream that has ended, milliseconds. */
const closeTimeoutMs = 1_000;

/**
 * One open response of type `text/event-stream` (WHATWG HTML, 9.2): what the client missed, the order as it is, then
 * each change.
 */
export class EventStream {
  private readonly timers: NodeJS.Timeout[];
  private version: number;
  private ended = false;

  constructor(
    private readonly response: ServerResponse,
    order: OrderView,
    { heartbeatMs, maxMs }: EventStreamOptions,
    missed: readonly OrderChange[] = [],
  ) {
    this.version = order.version;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    this.timers = [setInterval(() => this.heartbeat(), heartbeatMs), setTimeout(() => this.end(), maxMs)];
    response.once('close', () => this.end());
    // Clients whose streams ended together must not reconnect together.
    const before = missed.map((event) => frame('order', event.version, event));
    this.write(
      `retry: ${500 + Math.floor(Math.random() * 2_000)}\n${before.join('')}${frame('snapshot', order.version, order)}`,
    );
  }

  /** Sends an event, unless the client has seen its result already. */
  event(event: OrderChange): void {
    if (event.version <= this.version) return;
    this.version = event.version;
    this.write(frame('order', event.version, event));
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const timer of this.timers) clearInterval(timer);
    this.response.end();
    // A client that does not read would not see the end either, and would hold up a stopping process.
    if (!this.response.writableFinished) setTimeout(() => this.response.destroy(), closeTimeoutMs).unref();
  }

  /** Not behind data that waits: then the connection is not idle. */
  private heartbeat(): void {
    if (this.response.writableLength === 0) this.write(': still here\n\n');
  }

  private write(text: string): void {
    if (this.ended) return;
    this.response.write(text);
    if (this.response.writableLength > maxWaitingBytes) this.response.destroy();
  }
}

const frame = (name: string, version: number, data: unknown): string =>
  `id: ${version}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
