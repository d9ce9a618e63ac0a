import { parseOrThrow, type RpcDefinition } from '@causeway/contracts';
import { currentDeadline } from '@causeway/resilience';
import { DependencyUnavailable } from '@causeway/errors';
import type { RpcPort } from '../rpc/client.js';
import { decodeError, decodeJson, encodeError, encodeJson } from '../rpc/wire.js';

/** RPC without a broker: handlers are functions of the test. Requests and replies are encoded as they are for NATS. */
export class FakeRpc implements RpcPort {
  private readonly handlers = new Map<string, (request: unknown) => unknown>();
  readonly calls: { subject: string; request: unknown }[] = [];

  /** Serves `definition` with `handler`. What it throws arrives as it would over the wire. */
  serve<Req, Res>(definition: RpcDefinition<Req, Res>, handler: (request: Req) => Res | Promise<Res>): this {
    this.handlers.set(definition.subject, handler as (request: unknown) => unknown);
    return this;
  }

  async call<Req, Res>(definition: RpcDefinition<Req, Res>, request: Req): Promise<Res> {
    const { subject, owner } = definition;
    const sent = decodeJson(encodeJson(parseOrThrow(definition.request, request)));
    currentDeadline()?.throwIfExpired();
    this.calls.push({ subject, request: sent });
    const handler = this.handlers.get(subject);
    if (!handler)
      throw new DependencyUnavailable(owner, { message: `no instance of ${owner} is running`, unsent: true });
    let response: unknown;
    try {
      response = await handler(sent);
    } catch (error) {
      const { code, payload } = encodeError(error);
      throw decodeError(owner, code, payload);
    }
    const parsed = definition.response.safeParse(decodeJson(encodeJson(response)));
    if (parsed.success) return parsed.data;
    const { code, payload } = encodeError(new Error('the response does not match its schema'));
    throw decodeError(owner, code, payload);
  }
}
