import { CurrentUser, RequireScope, type Principal } from '@causeway/auth';
import { addressBody, id, scopes, type AddressBody, type AddressView } from '@causeway/contracts';
import { etag, parseIfMatch } from '@causeway/persistence';
import { IdempotencyKey, sendStored, ZodBody, ZodParams } from '@causeway/service-host';
import { Controller, Delete, Get, Headers, HttpCode, Post, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Addresses } from './addresses.js';

const params = z.object({ addressId: id });
type Params = z.output<typeof params>;

@RequireScope(scopes.profile)
@Controller('v1/users/me/addresses')
export class AddressesController {
  constructor(private readonly addresses: Addresses) {}

  @Get()
  async list(@CurrentUser() user: Principal): Promise<{ items: AddressView[] }> {
    return { items: await this.addresses.list(user.subject) };
  }

  @Post()
  async add(
    @CurrentUser() user: Principal,
    @IdempotencyKey() key: string,
    @ZodBody(addressBody) body: AddressBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { response, replayed } = await this.addresses.add(user.subject, body, key);
    await sendStored(reply, response, replayed);
  }

  @Get(':addressId')
  async read(
    @CurrentUser() user: Principal,
    @ZodParams(params) { addressId }: Params,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AddressView> {
    const view = await this.addresses.read(user.subject, addressId);
    reply.header('etag', etag(view.version));
    return view;
  }

  @Put(':addressId')
  async replace(
    @CurrentUser() user: Principal,
    @ZodParams(params) { addressId }: Params,
    @Headers('if-match') ifMatch: string | undefined,
    @ZodBody(addressBody) body: AddressBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AddressView> {
    const view = await this.addresses.replace(user.subject, addressId, parseIfMatch(ifMatch), body);
    reply.header('etag', etag(view.version));
    return view;
  }

  @Delete(':addressId')
  @HttpCode(204)
  async remove(
    @CurrentUser() user: Principal,
    @ZodParams(params) { addressId }: Params,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.addresses.remove(user.subject, addressId, parseIfMatch(ifMatch));
  }
}
