import { CurrentUser, RequireScope, type Principal } from '@causeway/auth';
import { id, scopes, type SessionView } from '@causeway/contracts';
import { ZodParams } from '@causeway/service-host';
import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { z } from 'zod';
import { Sessions } from './sessions.js';

const params = z.object({ sessionId: id });

@RequireScope(scopes.profile)
@Controller('v1/users/me/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  @Get()
  async list(@CurrentUser() user: Principal): Promise<{ items: SessionView[] }> {
    return { items: await this.sessions.list(user.subject, user.sessionId) };
  }

  @Delete(':sessionId')
  @HttpCode(204)
  async end(@CurrentUser() user: Principal, @ZodParams(params) { sessionId }: z.output<typeof params>): Promise<void> {
    await this.sessions.end(user.subject, sessionId);
  }
}
