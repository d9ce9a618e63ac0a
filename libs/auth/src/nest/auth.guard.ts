import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { requireScopes } from '../principal.js';
import { TokenVerifier } from '../token-verifier.js';
import { publicKey, scopesKey } from './decorators.js';

/** Every HTTP route needs a token, unless it says otherwise: forgetting a decorator must not open a door. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Messages come from the broker, which has authenticated their sender.
    if (context.getType() !== 'http') return true;
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, places)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.verifier.authenticate(request.headers.authorization);
    requireScopes(principal, ...this.reflector.getAllAndMerge<string[]>(scopesKey, places));
    request.principal = principal;
    return true;
  }
}
