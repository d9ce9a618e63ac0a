import { randomUUID } from 'node:crypto';
import type { ContractFixture } from '@causeway/contract-suite';

/** What the contract suite cannot know from the record of this service. */
export const contractFixture: ContractFixture = {
  person: async (world) => {
    const { body } = await world.call('registerUser');
    return (body as { id: string }).id;
  },
  operations: {
    registerUser: {
      request: () => ({
        body: { email: `${randomUUID()}@example.com`, password: 'a kettle on the engine', displayName: 'Ada Lovelace' },
      }),
      publishes: ['user.evt.registered.v1'],
    },
  },
};
