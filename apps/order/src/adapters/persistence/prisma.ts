import { translatePgError } from '@causeway/persistence';
import { currentDeadline } from '@causeway/resilience';
import { inSpan } from '@causeway/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.js';

/**
 * The service's Prisma client, on the pool that everything else uses, under the rules that PgUnitOfWork keeps: nothing is started after the
 * deadline, one span for each operation, and a database that is gone is DatabaseUnavailable (503 with Retry-After).
 */
export function createPrisma(adapter: PrismaPg): PrismaClient {
  const client = new PrismaClient({ adapter, errorFormat: 'minimal' });
  const guarded = client.$extends({
    query: {
      async $allOperations({ model, operation, args, query }) {
        currentDeadline()?.throwIfExpired();
        const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
        try {
          return await inSpan(`${operation} ${model ?? ''}`.trim(), { kind: SpanKind.CLIENT, attributes }, () =>
            query(args),
          );
        } catch (error) {
          throw translatePgError(error);
        }
      },
    },
  });
  // An extension of queries adds nothing to the type, but Prisma gives it another name.
  return guarded as unknown as PrismaClient;
}
