import { randomUUID } from 'node:crypto';
import type { ContractFixture } from '@causeway/contract-suite';

const password = 'a kettle on the engine';

/** What the contract suite cannot know from the record of this service. */
export const contractFixture: ContractFixture = {
  person: async (world) => {
    const { body } = await world.call('registerUser');
    return (body as { id: string }).id;
  },
  operations: {
    changePassword: {
      request: () => ({ body: { currentPassword: password, newPassword: 'a teapot on the engine' } }),
    },
    eraseMe: {
      request: async (world, subject) => {
        // The suite's tokens name their subject as their session.
        await world.rows(`INSERT INTO sessions VALUES ($1, $2::uuid, $2::uuid::text, 'sealed', now(), now())`, [
          world.newId(),
          subject,
        ]);
        const { headers } = await world.call('getMe', { subject });
        return { ifMatch: headers['etag'] };
      },
      publishes: ['user.evt.erased.v1'],
    },
    endSession: {
      request: async (world, subject) => {
        // A session begins with a sign-in, which is not a part of the contract.
        const sessionId = world.newId();
        await world.rows(`INSERT INTO sessions VALUES ($1::uuid, $2, $1::uuid::text, 'sealed', now(), now())`, [
          sessionId,
          subject,
        ]);
        return { params: { sessionId } };
      },
    },
    // Where it is, `Location` of a registration does not say: that is `me`.
    getUser: { request: (_world, subject) => ({ params: { userId: subject } }) },
    registerUser: {
      request: () => ({
        body: { email: `${randomUUID()}@example.com`, password, displayName: 'Ada Lovelace' },
      }),
      publishes: ['user.evt.registered.v1'],
    },
  },
  exceptions: {
    'eraseMe/version-once': 'The first erases the sign-in, too, and the second is refused for that: 401, not 404.',
    'getUser/owner-only': 'Support reads the profile of anybody: the scope is the owner check.',
  },
};
