import { randomUUID } from 'node:crypto';
import type { ContractFixture } from '@causeway/contract-suite';

/** What the contract suite cannot know from the record of this service. */
export const contractFixture: ContractFixture = {
  person: async (world) => {
    const { body } = await world.call('registerUser');
    return (body as { id: string }).id;
  },
  operations: {
    endSession: {
      request: async (world, subject) => {
        // A session begins with a sign-in, which is not a part of the contract.
        const sessionId = world.newId();
        await world.rows(`INSERT INTO sessions VALUES ($1, $2, $1, 'sealed', now(), now())`, [sessionId, subject]);
        return { params: { sessionId } };
      },
    },
    registerUser: {
      request: () => ({
        body: { email: `${randomUUID()}@example.com`, password: 'a kettle on the engine', displayName: 'Ada Lovelace' },
      }),
      publishes: ['user.evt.registered.v1'],
    },
  },
};
