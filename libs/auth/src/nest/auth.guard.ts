import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { requireOneScope, requireScopes } from '../principal.js';
import { TokenVerifier } from '../token-verifier.js';
import { oneScopeKey, publicKey, scopesKey } from './decorators.js';

/**
 * Requires a token for every HTTP route unless it is marked `@Public()`: a forgotten decorator must not open a route.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // The broker has authenticated the sender of a message.
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, targets)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.verifier.authenticate(request.headers.authorization);
    requireScopes(principal, ...this.reflector.getAllAndMerge<string[]>(scopesKey, targets));
    const oneOf = this.reflector.getAllAndOverride<string[] | undefined>(oneScopeKey, targets);
    if (oneOf) requireOneScope(principal, ...oneOf);
    request.principal = principal;
    return true;
  }
}
