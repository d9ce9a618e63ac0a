import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mountOidc } from './oidc/mount.js';

/** What user serves besides Nest's controllers. */
export function configureHttp(app: NestFastifyApplication): void {
  mountOidc(app);
}
