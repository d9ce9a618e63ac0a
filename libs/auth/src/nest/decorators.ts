import { createParamDecorator, SetMetadata, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { TokenMissing } from '../errors.js';
import type { Principal } from '../principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard; absent on public routes. */
    principal?: Principal;
  }
}

export const publicKey = 'causeway:public';
export const scopesKey = 'causeway:scopes';

/** The route, or every route of the controller, takes requests without a token. One that is sent is not looked at. */
export const Public = (): CustomDecorator => SetMetadata(publicKey, true);

/** The token needs these scopes, all of them. On a controller and a route: both apply. */
export const RequireScope = (...scopes: readonly string[]): CustomDecorator => SetMetadata(scopesKey, scopes);

/** `read(@CurrentUser() user: Principal)`. Fails with TokenMissing on a public route. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!principal) throw new TokenMissing();
  return principal;
});
