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
export const oneScopeKey = 'causeway:one-scope';

/** Opens a route, or every route of a controller, to requests without a token. A token that is sent is ignored. */
export const Public = (): CustomDecorator => SetMetadata(publicKey, true);

/** Requires all of these scopes. Scopes of a controller and of its routes add up. */
export const RequireScope = (...scopes: readonly string[]): CustomDecorator => SetMetadata(scopesKey, scopes);

/** Requires one of these scopes: that of the owner, or that of the staff. On a route it replaces that of its controller. */
export const RequireOneScope = (...scopes: readonly string[]): CustomDecorator => SetMetadata(oneScopeKey, scopes);

/** Injects the caller: `read(@CurrentUser() user: Principal)`. Throws TokenMissing on a public route. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!principal) throw new TokenMissing();
  return principal;
});
