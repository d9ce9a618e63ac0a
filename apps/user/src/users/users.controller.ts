import { CurrentUser, Public, RequireScope, type Principal } from '@causeway/auth';
import {
  changeUserBody,
  id,
  registerUserBody,
  scopes,
  type ChangeUserBody,
  type RegisterUserBody,
  type UserView,
} from '@causeway/contracts';
import { etag, parseIfMatch } from '@causeway/persistence';
import { IdempotencyKey, sendStored, ZodBody, ZodParams } from '@causeway/service-host';
import { Controller, Delete, Get, Headers, HttpCode, Patch, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { clientAddress } from '../oidc/client-address.js';
import { EraseAccount } from './erase-account.js';
import { Profiles } from './profiles.js';
import { Register } from './register.js';

const userParams = z.object({ userId: id });

@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly registration: Register,
    private readonly profiles: Profiles,
    private readonly erasure: EraseAccount,
  ) {}

  @Public()
  @Post()
  async register(
    @IdempotencyKey() key: string,
    @ZodBody(registerUserBody) body: RegisterUserBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { response, replayed } = await this.registration.execute(body, key, clientAddress(request));
    await sendStored(reply, response, replayed);
  }

  @RequireScope(scopes.profile)
  @Get('me')
  async read(@CurrentUser() user: Principal, @Res({ passthrough: true }) reply: FastifyReply): Promise<UserView> {
    const view = await this.profiles.read(user.subject);
    reply.header('etag', etag(view.version));
    return view;
  }

  @RequireScope(scopes.profile)
  @Delete('me')
  @HttpCode(204)
  async erase(@CurrentUser() user: Principal, @Headers('if-match') ifMatch: string | undefined): Promise<void> {
    const { subject: userId, sessionId } = user;
    await this.erasure.execute({ userId, sessionId, expected: parseIfMatch(ifMatch) });
  }

  @RequireScope(scopes.usersReadAny)
  @Get(':userId')
  async readAny(
    @CurrentUser() user: Principal,
    @ZodParams(userParams) { userId }: z.output<typeof userParams>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserView> {
    const view = await this.profiles.readAny(userId, user.subject);
    reply.header('etag', etag(view.version));
    return view;
  }

  @RequireScope(scopes.profile)
  @Patch('me')
  async change(
    @CurrentUser() user: Principal,
    @Headers('if-match') ifMatch: string | undefined,
    @ZodBody(changeUserBody) body: ChangeUserBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserView> {
    const view = await this.profiles.change(user.subject, parseIfMatch(ifMatch), body);
    reply.header('etag', etag(view.version));
    return view;
  }
}
