import { governanceRoute, type GovernanceRoute } from '@causeway/service-host';
import { z } from 'zod';
import type { OidcIssuer } from './oidc-issuer.js';
import type { PgSigningKeys } from './pg-signing-keys.js';

/** Lists, rotates and retires signing keys. */
export function keyRoutes(keys: PgSigningKeys, issuer: OidcIssuer): GovernanceRoute[] {
  const changed = async (keysFromNowOn: ReturnType<PgSigningKeys['list']>): Promise<object> => {
    const list = await keysFromNowOn;
    // The other instances look by themselves.
    await issuer.reload();
    return { keys: list };
  };
  return [
    governanceRoute({
      method: 'GET',
      path: 'keys',
      input: z.strictObject({}),
      run: async () => ({ keys: await keys.list() }),
    }),
    governanceRoute({
      method: 'POST',
      path: 'keys/rotate',
      input: z.strictObject({}),
      run: (_input, who) => changed(keys.rotate(who)),
    }),
    governanceRoute({
      method: 'POST',
      path: 'keys/retire',
      input: z.strictObject({ kid: z.string().regex(/^[\w-]{43}$/) }),
      run: ({ kid }, who) => changed(keys.retire(kid, who)),
    }),
  ];
}
