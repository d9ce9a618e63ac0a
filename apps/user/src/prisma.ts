import { translatePgError } from '@causeway/persistence';
import type { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/prisma/client.js';

/**
 * The service's Prisma client, on the pool that everything else uses, too. Errors that mean "the database is not there" arrive as
 * DatabaseUnavailable (503 with Retry-After), as they do from a unit of work.
 */
export function createPrisma(adapter: PrismaPg): PrismaClient {
  const client = new PrismaClient({ adapter, errorFormat: 'minimal' });
  const translating = client.$extends({
    query: {
      async $allOperations({ args, query }) {
        try {
          return await query(args);
        } catch (error) {
          throw translatePgError(error);
        }
      },
    },
  });
  // An extension of queries adds nothing to the type, but Prisma gives it another name.
  return translating as unknown as PrismaClient;
}
