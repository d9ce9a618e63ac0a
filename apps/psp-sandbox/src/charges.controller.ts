import { RequestDeadline } from '@causeway/service-host';
import { Body, Controller, Get, Headers, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ChargeView } from './pg-charges.js';
import { ChargesService, type ChargeResponse } from './charges.service.js';
import { chargeRequest, listQuery, emptyBody, parse, parseKey, refundRequest } from './schemas.js';

/** Requests that move money have no deadline: a provider completes a charge that it has started, even if the merchant hangs up. */
@Controller('v1/charges')
export class ChargesController {
  constructor(private readonly charges: ChargesService) {}

  @Post()
  @RequestDeadline('none')
  async create(
    @Headers('idempotency-key') key: unknown,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    send(reply, await this.charges.create(parseKey(key), parse(chargeRequest, body)));
  }

  @Post(':id/capture')
  @RequestDeadline('none')
  async capture(
    @Headers('idempotency-key') key: unknown,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    parse(emptyBody, body);
    send(reply, await this.charges.capture(parseKey(key), id));
  }

  @Post(':id/void')
  @RequestDeadline('none')
  async void(
    @Headers('idempotency-key') key: unknown,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    parse(emptyBody, body);
    send(reply, await this.charges.void(parseKey(key), id));
  }

  @Post(':id/refunds')
  @RequestDeadline('none')
  async refund(
    @Headers('idempotency-key') key: unknown,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    send(reply, await this.charges.refund(parseKey(key), id, parse(refundRequest, body)));
  }

  @Get()
  async list(@Query() query: unknown): Promise<{ items: ChargeView[] }> {
    return { items: await this.charges.list(parse(listQuery, query).reference) };
  }

  @Get(':id')
  read(@Param('id') id: string): Promise<ChargeView> {
    return this.charges.read(id);
  }
}

function send(reply: FastifyReply, { status, body, replayed, drop }: ChargeResponse): void {
  if (drop) {
    // The charge is stored; the merchant sees the connection close without a response.
    reply.hijack();
    reply.raw.socket?.destroy();
    return;
  }
  if (replayed) reply.header('idempotent-replayed', 'true');
  void reply.code(status).header('content-type', 'application/json').send(JSON.stringify(body));
}
