import { amountMinor, identifier, text } from '@causeway/contracts';
import { callerKeepAlive } from '@causeway/contracts/keep-alive';
import { CircuitOpen, createPolicy, DeadlineExceeded, type Policy } from '@causeway/resilience';
import { injectTrace, inSpan, instruments, meter } from '@causeway/telemetry';
import type { OnApplicationShutdown } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { AuthorizeRequest, PaymentProvider } from '../../application/ports.js';
import { PspRefused, PspUnclear, PspUnsent } from '../../application/provider-errors.js';
import type { ProviderCharge } from '../../domain/provider-charge.js';

const duration = meter('causeway.payment').duration(
  instruments.providerDuration,
  'Duration of calls to the payment provider, by what became of them',
);

export interface HttpPaymentProviderOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Timeout of one request, milliseconds. */
  readonly timeoutMs: number;
  /** Concurrent requests; further ones wait, and their wait counts towards the timeout. Default 64. */
  readonly connections?: number;
}

/** The parts of the provider's charge that we read. */
const chargeBody = z
  .object({
    id: identifier(64),
    reference: text,
    status: z.enum(['authorized', 'declined', 'captured', 'voided', 'refunded', 'partially_refunded']),
    declineCode: text.nullable(),
    capturedMinor: amountMinor,
    refunds: z.array(z.object({ reference: text })),
  })
  .transform(({ refunds, ...charge }): ProviderCharge => ({
    ...charge,
    refundReferences: refunds.map(({ reference }) => reference),
  }));
const listBody = z.object({ items: z.array(chargeBody) });
const errorBody = z.object({ error: z.object({ code: text, message: text }) });

interface ProviderCall {
  readonly operation: 'authorize' | 'capture' | 'void' | 'refund' | 'find';
  readonly method: 'GET' | 'POST';
  /** The path with placeholders: the name of the span. */
  readonly route: string;
  readonly path: string;
  readonly key?: string;
  readonly body?: unknown;
}

interface ProviderResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Error codes of a connection that was never established: the provider cannot have seen the request. */
const unsentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * The payment provider over HTTP. Calls once: repeating needs the stored key and is the operation worker's job.
 * The circuit breaker spares a timeout per payment while the provider is down.
 */
export class HttpPaymentProvider implements PaymentProvider, OnApplicationShutdown {
  private readonly agent: Agent;
  private readonly policy: Policy;

  constructor(private readonly options: HttpPaymentProviderOptions) {
    // The policy ends a call; undici's own timeouts are the safety net below it.
    const safetyNetMs = options.timeoutMs + 1_000;
    this.agent = new Agent({
      ...callerKeepAlive,
      connections: options.connections ?? 64,
      clientTtl: 30_000,
      headersTimeout: safetyNetMs,
      bodyTimeout: safetyNetMs,
    });
    this.policy = createPolicy('psp', { timeoutMs: options.timeoutMs, breaker: {} });
  }

  authorize(key: string, body: AuthorizeRequest): Promise<ProviderCharge> {
    return this.charge({
      operation: 'authorize',
      method: 'POST',
      route: '/v1/charges',
      path: '/v1/charges',
      key,
      body,
    });
  }

  capture(key: string, chargeId: string): Promise<ProviderCharge> {
    return this.changeCharge('capture', key, chargeId, {});
  }

  void(key: string, chargeId: string): Promise<ProviderCharge> {
    return this.changeCharge('void', key, chargeId, {});
  }

  refund(key: string, chargeId: string, body: { reference: string; amountMinor: number }): Promise<ProviderCharge> {
    return this.changeCharge('refund', key, chargeId, body);
  }

  async find(reference: string): Promise<ProviderCharge | undefined> {
    const path = `/v1/charges?reference=${encodeURIComponent(reference)}`;
    const call: ProviderCall = { operation: 'find', method: 'GET', route: '/v1/charges', path };
    const { items } = await this.measured(call, async () => parse(listBody, await this.send(call)));
    return items[0];
  }

  /** Runs after the operation worker has stopped. */
  onApplicationShutdown(): Promise<void> {
    return this.agent.close();
  }

  private changeCharge(
    operation: 'capture' | 'void' | 'refund',
    key: string,
    chargeId: string,
    body: unknown,
  ): Promise<ProviderCharge> {
    const action = operation === 'refund' ? 'refunds' : operation;
    const path = `/v1/charges/${encodeURIComponent(chargeId)}/${action}`;
    return this.charge({ operation, method: 'POST', route: `/v1/charges/{id}/${action}`, path, key, body });
  }

  private charge(call: ProviderCall): Promise<ProviderCharge> {
    const answerOf = ({ status }: ProviderCharge) => (status === 'declined' ? 'declined' : 'ok');
    return this.measured(call, async () => parse(chargeBody, await this.send(call)), answerOf);
  }

  private async measured<T>(
    { operation }: ProviderCall,
    call: () => Promise<T>,
    answerOf: (body: T) => ProviderCallOutcome = () => 'ok',
  ): Promise<T> {
    const startedAt = performance.now();
    const record = (outcome: ProviderCallOutcome): void =>
      duration.record((performance.now() - startedAt) / 1_000, { operation, outcome });
    try {
      const body = await call();
      record(answerOf(body));
      return body;
    } catch (error) {
      record(outcomeOf(error));
      throw error;
    }
  }

  /** @returns The body of a 2xx response. */
  private async send(call: ProviderCall): Promise<unknown> {
    const { host } = new URL(this.options.url);
    const attributes = { 'http.request.method': call.method, 'server.address': host, 'url.template': call.route };
    return inSpan(`${call.method} ${call.route}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const { status, body } = await this.execute(call);
      span.setAttribute('http.response.status_code', status);
      if (status < 300) return body;
      throw refusalOf(status, body);
    });
  }

  private async execute(call: ProviderCall): Promise<ProviderResponse> {
    try {
      return await this.policy.execute(async ({ signal }) => {
        const response = await this.exchange(call, signal);
        // Thrown inside the policy, so that the breaker counts it.
        if (response.status >= 500) throw new PspUnclear(`status ${response.status}`);
        return response;
      });
    } catch (error) {
      throw failureOf(error);
    }
  }

  private async exchange({ method, path, key, body }: ProviderCall, signal: AbortSignal): Promise<ProviderResponse> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.options.apiKey}`,
      accept: 'application/json',
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (key !== undefined) headers['idempotency-key'] = key;
    injectTrace(headers);
    const { statusCode, body: stream } = await request(this.options.url + path, {
      method,
      headers,
      signal,
      dispatcher: this.agent,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await stream.text();
    return { status: statusCode, body: parseJson(text) };
  }
}

/** What became of a call: the last three are the errors of `provider-errors.ts`. */
type ProviderCallOutcome = 'ok' | 'declined' | 'refused' | 'unclear' | 'unsent';

function outcomeOf(error: unknown): ProviderCallOutcome {
  if (error instanceof PspRefused) return 'refused';
  return error instanceof PspUnsent ? 'unsent' : 'unclear';
}

/**
 * Sorts what a failed call threw: only a connection that was never established, or an open breaker, is certainly
 * unsent.
 */
function failureOf(error: unknown): Error {
  if (error instanceof PspUnclear) return error;
  if (error instanceof CircuitOpen)
    return new PspUnsent('calls are suspended after too many failures', { cause: error });
  if (error instanceof DeadlineExceeded) return new PspUnclear('timeout', { cause: error });
  const code = String((error as { code?: unknown } | undefined)?.code ?? 'connection lost');
  return unsentCodes.has(code) ? new PspUnsent(code, { cause: error }) : new PspUnclear(code, { cause: error });
}

function refusalOf(status: number, body: unknown): Error {
  const { code, message } = errorBody.safeParse(body).data?.error ?? {
    code: `status_${status}`,
    message: 'no message',
  };
  // An earlier attempt with this key is still in progress.
  if (status === 409 && code === 'idempotency_key_in_use') return new PspUnclear(code);
  // Rejected unread. A wrong API key is our own mistake and must not decline a payment.
  if (status === 401 || status === 403 || status === 429) return new PspUnsent(`status ${status}, ${code}`);
  return new PspRefused(code, message);
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new PspUnclear('the response has an unknown shape');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
