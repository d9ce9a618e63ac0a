import { readFileSync } from 'node:fs';
import { withDefault } from '@causeway/config';
import { routes, scopes, text, type HttpMethod, type Scope } from '@causeway/contracts';
import { z } from 'zod';

/** A route that the gateway forwards: of the contracts, or of a contract record. */
export interface ForwardedRoute {
  readonly operationId: string;
  readonly method: HttpMethod;
  readonly path: string;
  readonly owner: string;
  readonly scope?: Scope;
  readonly staffScope?: Scope;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const satisfies readonly HttpMethod[];

/**
 * The part of a contract record (docs/reference/service-contract.md) that forwarding needs. A scope that this build does
 * not know is refused, and so is a signed route: the gateway could not check either.
 */
const record = z.object({
  service: z.string().regex(/^[a-z][a-z0-9-]*$/),
  contracts: z.record(
    text,
    z.discriminatedUnion('kind', [
      z.object({ kind: z.enum(['event', 'command', 'rpc']) }),
      z.object({
        kind: z.literal('operation'),
        owner: text,
        method: z.enum(methods),
        path: z.string().regex(/^\/v[1-9]\d*(\/([a-z][a-z0-9-]*|\{[a-zA-Z]+\}))+$/),
        needs: z.array(text),
        scope: z.enum(Object.values(scopes)).optional(),
        staffScope: z.enum(Object.values(scopes)).optional(),
        signed: z.literal(false).optional(),
      }),
    ]),
  ),
});

/** Parameters by another name are the same route. */
const shapeOf = (method: string, path: string): string => `${method} ${path.replace(/\{\w+\}/g, '{}')}`;
const known = new Map(routes.map((route) => [shapeOf(route.method, route.path), route]));

/**
 * Reads the routes of services that are not in `libs/contracts`.
 *
 * A route that the contracts have for the same service with the same scopes is left out, so that an example can run in
 * place of a listed service; one that is another service's is an error.
 * @param files Contract records.
 * @throws Error that names the file and what is wrong with it
 */
export function recordedRoutes(files: readonly string[]): ForwardedRoute[] {
  const found = files.flatMap(routesIn);
  const shapes = found.map(({ method, path }) => shapeOf(method, path));
  const twice = found.find((_, index) => shapes.indexOf(shapes[index]!) !== index);
  if (twice) throw new Error(`${twice.method.toUpperCase()} ${twice.path} is in two contract records`);
  return found;
}

function routesIn(file: string): ForwardedRoute[] {
  const { service, contracts } = readRecord(file);
  return Object.entries(contracts).flatMap(([operationId, contract]) => {
    if (contract.kind !== 'operation' || contract.owner !== service) return [];
    const { method, path, owner, scope, staffScope, needs } = contract;
    // The scope is in two fields of a record. Whoever forgets one of them must not open the route.
    if (needs.some((need) => need.startsWith('the scope ')) !== (scope !== undefined))
      throw new Error(`${file}: ${operationId} needs a scope that it does not name`);
    const declared = known.get(shapeOf(method, path));
    const needed = { ...(scope !== undefined && { scope }), ...(staffScope !== undefined && { staffScope }) };
    if (!declared) return [{ operationId, method, path, owner, ...needed }];
    if (declared.owner === owner && declared.scope === scope && declared.staffScope === staffScope) return [];
    throw new Error(`${file}: ${method.toUpperCase()} ${path} is a route of ${declared.owner} with other rules`);
  });
}

function readRecord(file: string): z.infer<typeof record> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const parsed = record.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** A setting that names contract records, separated by commas; its value is their routes. Default none. */
export const contractFiles = withDefault(
  text.transform((files, context): readonly ForwardedRoute[] => {
    try {
      return recordedRoutes(
        files
          .split(',')
          .map((file) => file.trim())
          .filter(Boolean),
      );
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  }),
  '',
);
