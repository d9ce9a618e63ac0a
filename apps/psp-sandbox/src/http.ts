import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SandboxErrorFilter } from './sandbox-error.filter.js';

/** The sandbox answers errors in a shape of its own: it represents somebody else's system. */
export function configureHttp(app: NestFastifyApplication): void {
  app.useGlobalFilters(new SandboxErrorFilter());
}
