import { governanceRoute, type GovernanceRoute } from '@causeway/service-host';
import type { INestApplicationContext } from '@nestjs/common';
import { z } from 'zod';
import { OidcIssuer } from './oidc/oidc-issuer.js';
import { PgSigningKeys } from './oidc/pg-signing-keys.js';

/** What operators read and change in this service. */
export function governanceOf(app: INestApplicationContext): GovernanceRoute[] {
  const keys = app.get(PgSigningKeys);
  const issuer = app.get(OidcIssuer);
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
