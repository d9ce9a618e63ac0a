import { Public } from '@causeway/auth';
import { parseOrThrow, pspWebhookBody } from '@causeway/contracts';
import type { CodedError } from '@causeway/errors';
import { Controller, Headers, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReceiveWebhook } from '../../application/receive-webhook.js';
import { CLOCK, WEBHOOK_SECRETS } from '../../tokens.js';
import { verifyWebhook } from './psp-signature.js';

@Controller('webhooks/psp')
export class WebhooksController {
  constructor(
    private readonly receive: ReceiveWebhook,
    @Inject(WEBHOOK_SECRETS) private readonly secrets: readonly string[],
    @Inject(CLOCK) private readonly now: () => Date,
  ) {}

  /** Responds 204 once the event has had its effect, also for a repetition. Until then the provider keeps delivering it. */
  @Public()
  @Post()
  @HttpCode(204)
  async post(@Req() request: FastifyRequest, @Headers('psp-signature') signature: string | undefined): Promise<void> {
    try {
      verifyWebhook(signature, request.rawBody ?? Buffer.alloc(0), this.secrets, this.now());
    } catch (error) {
      await this.receive.refuse((error as CodedError).code);
      throw error;
    }
    await this.receive.execute(parseOrThrow(pspWebhookBody, request.body));
  }
}
