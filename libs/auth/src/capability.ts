import type { Capability } from '@causeway/service-host';
import { authSettings } from './settings.js';

/** Verifies access tokens: a guard on every route, and `TokenVerifier` for injection. */
export const auth = (): Capability<typeof authSettings> => ({
  name: 'auth',
  settings: authSettings,
  async module({ settings }) {
    const { AuthModule } = await import('./nest/auth.module.js');
    return AuthModule.forRoot(settings);
  },
});
