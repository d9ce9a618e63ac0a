import { currentDeadline } from '@causeway/resilience';
import { inSpan } from '@causeway/telemetry';
import { SpanKind } from '@opentelemetry/api';
import { translatePgError } from './errors.js';
import { forgetPrepared, isStale } from './prepared.js';

/** The part of a generated client that the guard uses; `never`, because each client has its own type of extension. */
export interface ExtendableClient {
  $extends(extension: never): unknown;
}

interface Operation {
  readonly model?: string;
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: unknown) => Promise<unknown>;
}

/**
 * Puts a generated Prisma client under the rules of PgUnitOfWork: nothing starts after the deadline of the request,
 * each operation has one span (`findMany Order`), and an absent database is DatabaseUnavailable. Other errors stay
 * Prisma's: P2002 is P2002. A statement that outlives the deadline ends at DATABASE_STATEMENT_TIMEOUT_MS.
 */
export function guardPrisma<Client extends ExtendableClient>(client: Client): Client {
  const extension = { query: { $allOperations: guarded } };
  const extended = client.$extends(extension as never) as Client & {
    $transaction(...input: unknown[]): Promise<unknown>;
  };
  // Extensions see operations, but not the BEGIN and COMMIT around them.
  const transaction = async (...input: unknown[]): Promise<unknown> => {
    try {
      return await extended.$transaction(...input);
    } catch (error) {
      throw translatePgError(error);
    }
  };
  return new Proxy(extended, {
    get: (target, property) => (property === '$transaction' ? transaction : Reflect.get(target, property, target)),
  });
}

async function guarded({ model, operation, args, query }: Operation): Promise<unknown> {
  currentDeadline()?.throwIfExpired();
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
  const name = model === undefined ? operation : `${operation} ${model}`;
  try {
    return await inSpan(name, { kind: SpanKind.CLIENT, attributes }, () =>
      query(args).catch((error: unknown) => {
        if (!isStale(error)) throw error;
        forgetPrepared();
        return query(args);
      }),
    );
  } catch (error) {
    throw translatePgError(error);
  }
}
