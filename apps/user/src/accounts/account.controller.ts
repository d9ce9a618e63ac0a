import { CurrentUser, RequireScope, type Principal } from '@causeway/auth';
import { changePasswordBody, scopes, type ChangePasswordBody } from '@causeway/contracts';
import { ZodBody } from '@causeway/service-host';
import { Controller, HttpCode, Post, Put, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../oidc/client-address.js';
import { EmailConfirmation } from './email-confirmation.js';
import { Passwords } from './passwords.js';

@RequireScope(scopes.profile)
@Controller('v1/users/me')
export class AccountController {
  constructor(
    private readonly passwords: Passwords,
    private readonly confirmation: EmailConfirmation,
  ) {}

  @Put('password')
  @HttpCode(204)
  async changePassword(
    @CurrentUser() user: Principal,
    @ZodBody(changePasswordBody) body: ChangePasswordBody,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    await this.passwords.change(user.subject, body, clientAddress(request));
  }

  @Post('email-confirmation')
  @HttpCode(204)
  async confirmEmail(@CurrentUser() user: Principal, @Req() request: FastifyRequest): Promise<void> {
    await this.confirmation.repeat(user.subject, clientAddress(request));
  }
}
