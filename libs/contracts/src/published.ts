import { createHash } from 'node:crypto';
import { z } from 'zod';
import { messages, routes, rpcs, type RouteDefinition } from './index.js';

/** The part of JSON Schema that contracts use. */
export interface ContractSchema {
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ContractSchema>>;
  readonly required?: readonly string[];
  readonly items?: ContractSchema;
  readonly anyOf?: readonly ContractSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What others rely on in one event, command, RPC or HTTP operation. */
export interface Contract {
  /** Of an operation: method, path and status. */
  readonly address?: string;
  /** What a request must bring besides its body. */
  readonly needs?: readonly string[];
  readonly schemas: Readonly<Record<string, ContractSchema>>;
}

/** By name: subjects of events, commands and RPCs, and operation ids. */
export type Contracts = Readonly<Record<string, Contract>>;

type Json = Readonly<Record<string, unknown>>;

/** What a reader of the documents sees, and no program relies on. */
const documentation = new Set(['$schema', '$defs', 'id', 'description', 'example', 'override', 'default']);

/** JSON Schema with what it refers to put in its place, and without its documentation. */
export function schemaOf(contract: z.ZodType, io: 'input' | 'output'): ContractSchema {
  const whole = z.toJSONSchema(contract, { io, unrepresentable: 'any' }) as Json;
  const plain = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(plain);
    if (typeof schema !== 'object' || schema === null) return schema;
    const { $ref, ...own } = schema as Json;
    const name = typeof $ref === 'string' ? $ref.replace('#/$defs/', '') : undefined;
    // What is not in the schema is another contract, and compared there.
    const referred = name === undefined ? {} : ((whole['$defs'] as Json | undefined)?.[name] ?? { $ref });
    const fields = Object.entries({ ...(referred as Json), ...own }).filter(([key]) => !documentation.has(key));
    return Object.fromEntries(
      fields.map(([key, value]) => {
        if (key !== 'properties') return [key === 'oneOf' ? 'anyOf' : key, plain(value)];
        return [key, Object.fromEntries(Object.entries(value as Json).map(([field, each]) => [field, plain(each)]))];
      }),
    );
  };
  return plain(whole) as ContractSchema;
}

/** Contracts as the code has them. */
export function currentContracts(): Contracts {
  const needsOf = (route: RouteDefinition): string[] => [
    ...(route.scope ? [`the scope ${route.scope}`] : []),
    ...(route.idempotent ? ['an Idempotency-Key'] : []),
    ...(route.versioned ? ['If-Match'] : []),
    // demo
    ...(route.signed ? ['a signature'] : []),
    // end demo
  ];
  const operation = (route: RouteDefinition): Contract => ({
    address: `${route.method.toUpperCase()} ${route.path} → ${route.success.status}`,
    needs: needsOf(route),
    schemas: {
      ...(route.query && { query: schemaOf(route.query, 'input') }),
      ...(route.body && { request: schemaOf(route.body, 'input') }),
      ...(route.success.body && { response: schemaOf(route.success.body, 'output') }),
    },
  });
  return Object.fromEntries([
    ...messages.map(({ subject, data }) => [subject, { schemas: { message: schemaOf(data, 'output') } }] as const),
    ...rpcs.map(({ subject, request, response }) => [
      subject,
      { schemas: { request: schemaOf(request, 'input'), response: schemaOf(response, 'output') } },
    ]),
    ...routes.map((route) => [route.operationId, operation(route)] as const),
  ]) as Contracts;
}

let hash: string | undefined;

/**
 * Returns a short hash of all contracts of this build: instances with the same one understand each other. Made once, in
 * about 20 ms.
 */
export function contractsHash(): string {
  hash ??= createHash('sha256').update(JSON.stringify(currentContracts())).digest('hex').slice(0, 12);
  return hash;
}
