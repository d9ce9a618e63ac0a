import { unitOfWorkContract, type Counters } from '../../test/unit-of-work.contract.js';
import { InMemoryUnitOfWork } from './index.js';

describe('the fake keeps the contract of a unit of work', () => {
  unitOfWorkContract(
    () =>
      new InMemoryUnitOfWork<{ counters: Record<string, number> }, Counters>(
        { counters: {} },
        (draft, afterCommit) => ({
          add: async (name, by) => {
            draft.counters[name] = (draft.counters[name] ?? 0) + by;
          },
          read: async (name) => draft.counters[name] ?? 0,
          afterCommit,
        }),
      ),
  );
});
