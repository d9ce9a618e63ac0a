import { OutboundCalls, type Balancer, type SendRequest } from '@causeway/discovery';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.js';

/**
 * Forwards requests to a live instance of a service, and streams its responses to the client. See {@link OutboundCalls}
 * for retries and breaker.
 */
export class Forwarder {
  private readonly calls: OutboundCalls;

  constructor(balancer: Balancer, sendRequest: SendRequest) {
    this.calls = new OutboundCalls('forward', balancer, sendRequest);
  }

  /** @throws DependencyUnavailable, DeadlineExceeded, NoEndpoint, CircuitOpen, BulkheadFull */
  async forward(service: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = new Exchange(request, reply);
    const { repeatable, signal } = exchange;
    try {
      const response = await this.calls.call({
        service,
        method: request.method as Dispatcher.HttpMethod,
        repeatable,
        signal,
        options: () => exchange.options(),
        receive: (head) => head,
      });
      return exchange.send(response);
    } catch (error) {
      if (signal.aborted) return reply.hijack(); // the client has left: there is no one to answer
      throw error;
    }
  }
}
