import { email, id, roles, type Role } from '@causeway/contracts';
import { governanceRoute, type GovernanceRoute } from '@causeway/service-host';
import { z } from 'zod';
import type { Roles } from './roles.js';

const person = z.union([id, email], { error: 'expected a user id or an e-mail address' });
const granted = roles.filter((role): role is Exclude<Role, 'customer'> => role !== 'customer');

/** What `npx causeway roles` calls. */
export const roleRoutes = (people: Roles): GovernanceRoute[] => [
  governanceRoute({ method: 'GET', path: 'roles', input: z.strictObject({}), run: () => people.list() }),
  governanceRoute({
    method: 'POST',
    path: 'roles/grant',
    input: z.strictObject({ person, role: z.enum(granted) }),
    run: (input, who) => people.change(input.person, input.role, who),
  }),
  governanceRoute({
    method: 'POST',
    path: 'roles/revoke',
    input: z.strictObject({ person }),
    run: (input, who) => people.change(input.person, 'customer', who),
  }),
];
