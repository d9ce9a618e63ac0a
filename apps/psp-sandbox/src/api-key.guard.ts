import { createHash, timingSafeEqual } from 'node:crypto';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SandboxError } from './errors.js';

/** Requires `Authorization: Bearer <API key>` on every route: providers know API keys, not our access tokens. */
export class ApiKeyGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor(apiKey: string) {
    this.expected = digest(`Bearer ${apiKey}`);
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    // Digests have equal length, so the comparison reveals nothing about the key.
    if (timingSafeEqual(digest(headers.authorization ?? ''), this.expected)) return true;
    throw new SandboxError(401, 'authentication', 'api_key_invalid', 'Send the API key: Authorization: Bearer <key>.');
  }
}

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
