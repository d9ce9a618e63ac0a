import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** What a response carries: bytes, when all of it arrived together with its head, as most do; else a stream. */
export type ResponseBody = Buffer | (Readable & { dump(): Promise<void> });

export interface HttpResponse {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: ResponseBody;
}

/**
 * Sends one request. Its response is given as soon as its head is there.
 * @param signals The first that aborts ends the request, also in the middle of the body.
 * @throws What undici throws when there is no response, or the reason of the signal.
 */
export type SendRequest = (
  request: Dispatcher.DispatchOptions,
  signals: readonly AbortSignal[],
) => Promise<HttpResponse>;

/**
 * Sends requests through `agent`. Not with undici's own `request`: that makes a stream for every response, with a pipe
 * at the other end. For a few hundred bytes which are there already, both cost more than the response itself.
 */
export const sendThrough =
  (agent: Pick<Dispatcher, 'dispatch'>): SendRequest =>
  (request, signals) =>
    new Promise((resolve, reject) => {
      const receiver = new Receiver(signals, resolve, reject);
      try {
        agent.dispatch(request, receiver);
      } catch (error) {
        receiver.onResponseError(undefined, error as Error);
      }
    });

/** Receives one response. */
class Receiver implements Dispatcher.DispatchHandler {
  private controller?: Dispatcher.DispatchController;
  private head?: Pick<HttpResponse, 'statusCode' | 'headers'>;
  /** What arrived in the same turn as the head. */
  private readonly chunks: Buffer[] = [];
  private body?: ArrivingBody;
  private arrived = false;
  private failure?: { readonly error: unknown };

  constructor(
    private readonly signals: readonly AbortSignal[],
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    for (const signal of signals) signal.addEventListener('abort', this);
  }

  /** A signal aborts. */
  handleEvent({ target }: Event): void {
    this.abort((target as AbortSignal).reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.failure) controller.abort(this.failure.error as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: HttpResponse['headers'],
  ): void {
    if (statusCode < 200) return;
    this.head = { statusCode, headers };
    // By then the rest of what the socket had is here, too.
    queueMicrotask(() => this.settle());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.body) this.chunks.push(chunk);
    else if (!this.body.push(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.arrived = true;
    this.body?.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.failure ??= { error };
    if (this.body) this.body.destroy(error);
    // With a head, `settle` is about to do it.
    else if (!this.head) this.fail();
  }

  private settle(): void {
    if (this.failure) return this.fail();
    const { chunks } = this;
    if (this.arrived && chunks.length > 0) {
      this.release();
      return this.resolve({ ...this.head!, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
    }
    const controller = this.controller!;
    const body = new ArrivingBody(controller, () => this.release());
    this.body = body;
    for (const chunk of chunks) if (!body.push(chunk)) controller.pause();
    if (this.arrived) body.end();
    this.resolve({ ...this.head!, body });
  }

  private abort(reason: unknown): void {
    this.failure ??= { error: reason };
    if (this.body) this.body.destroy(reason as Error);
    else {
      this.controller?.abort(reason as Error);
      this.fail();
    }
  }

  private fail(): void {
    this.release();
    this.reject(this.failure!.error);
  }

  private release(): void {
    for (const signal of this.signals) signal.removeEventListener('abort', this);
  }
}

/** The longest rest of a body that is read to keep its connection, bytes. */
const worthReading = 131_072;

/** A body that takes longer than its head. It is read at the pace of its reader. */
class ArrivingBody extends Readable {
  private arrived = false;

  constructor(
    private readonly controller: Dispatcher.DispatchController,
    private readonly onClose: () => void,
  ) {
    super();
    // Its reader sees the error; without any, it must not end the process.
    this.on('error', () => undefined);
  }

  /** All of it is here. */
  end(): void {
    this.arrived = true;
    this.push(null);
  }

  /** Reads the rest and drops it, so that the connection can be used again; a long rest is not worth it. */
  async dump(): Promise<void> {
    let read = 0;
    this.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > worthReading) this.destroy();
    });
    if (!this.closed) await new Promise((resolve) => this.once('close', resolve));
  }

  override _read(): void {
    this.controller.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.onClose();
    if (!this.arrived) this.controller.abort(error ?? new Error('the body is not wanted'));
    callback(error);
  }
}
