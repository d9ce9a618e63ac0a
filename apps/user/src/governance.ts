import type { GovernanceRoute } from '@causeway/service-host';
import type { INestApplicationContext } from '@nestjs/common';
import { keyRoutes } from './oidc/key-routes.js';
import { OidcIssuer } from './oidc/oidc-issuer.js';
import { PgSigningKeys } from './oidc/pg-signing-keys.js';
import { roleRoutes } from './users/role-routes.js';
import { Roles } from './users/roles.js';

/** What operators read and change in this service, on its management port. */
export const governanceRoutes = (app: INestApplicationContext): GovernanceRoute[] => [
  ...keyRoutes(app.get(PgSigningKeys), app.get(OidcIssuer)),
  ...roleRoutes(app.get(Roles)),
];
