import { randomUUID } from 'node:crypto';
import type { RouteDefinition } from '@causeway/contracts';
import type { AttackedSystem } from './attacked-system.js';
// demo
import { demoBodies, demoIds, demoSignature } from './demo/requests.js';
// end demo
import type { Person } from './person.js';
import type { ResourceMaker } from './resource-maker.js';

/** Bodies that an example cannot give, by operation: what must be new each time. */
export const ownBodies: Readonly<Record<string, (person: Person) => unknown>> = {
  registerUser: () => ({
    email: `${randomUUID()}@example.com`,
    password: `engine ${randomUUID()}`,
    displayName: 'Ada Lovelace',
  }),
  // demo
  ...demoBodies,
  // end demo
};

/** Resources of a person that are not created or listed at the address above theirs, by path parameter. */
export const ownIds: Readonly<Record<string, (maker: ResourceMaker) => Promise<string | undefined>>> = {
  userId: ({ personId }) => Promise.resolve(personId),
  // demo
  ...demoIds,
  // end demo
};

type Signature = (
  system: AttackedSystem,
  route: RouteDefinition,
  content: string | Buffer,
) => Readonly<Record<string, string>>;

/** Headers that sign a body, for routes that are signed. */
export const signatures: readonly Signature[] = [
  // demo
  (system, route, content) => (route.signed ? demoSignature(system, content) : {}),
  // end demo
];
