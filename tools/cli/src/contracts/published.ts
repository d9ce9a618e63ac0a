import { readFileSync, writeFileSync } from 'node:fs';
import { messages, routes, rpcs, type RouteDefinition } from '@causeway/contracts';
import { z } from 'zod';
import { breaks, type ContractSchema, type ContractUse } from './compatibility.js';

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

const file = new URL('../published.json', import.meta.resolve('@causeway/contracts'));

type Json = Readonly<Record<string, unknown>>;

/** What a reader of the documents sees, and no program relies on. */
const documentation = new Set(['$schema', '$defs', 'id', 'description', 'example', 'override', 'default']);

/** JSON Schema with what it refers to put in its place, and without its documentation. */
function schemaOf(contract: z.ZodType, io: 'input' | 'output'): ContractSchema {
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
  const operation = ({
    method,
    path,
    success,
    scope,
    idempotent,
    versioned,
    signed,
    query,
    body,
  }: RouteDefinition): Contract => ({
    address: `${method.toUpperCase()} ${path} → ${success.status}`,
    needs: [
      ...(scope ? [`the scope ${scope}`] : []),
      ...(idempotent ? ['an Idempotency-Key'] : []),
      ...(versioned ? ['If-Match'] : []),
      ...(signed ? ['a signature'] : []),
    ],
    schemas: {
      ...(query && { query: schemaOf(query, 'input') }),
      ...(body && { request: schemaOf(body, 'input') }),
      ...(success.body && { response: schemaOf(success.body, 'output') }),
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

/** Contracts as they were recorded for the last release: `libs/contracts/published.json`. */
export const publishedContracts = (): Contracts => JSON.parse(readFileSync(file, 'utf8')) as Contracts;

export const publish = (contracts: Contracts): void => writeFileSync(file, `${JSON.stringify(contracts, null, 2)}\n`);

export interface ContractChanges {
  /** What old clients, consumers or messages would run into, a sentence each. */
  readonly breaking: readonly string[];
  /** Names of contracts that are new or changed and not recorded. */
  readonly unrecorded: readonly string[];
}

/** Compares what the code has with what is published. */
export function contractChanges(before: Contracts, next: Contracts): ContractChanges {
  const breaking = Object.entries(before).flatMap(([name, old]) => {
    const current = next[name];
    if (!current) return [`${name}: was removed; keep it until nobody uses it and no stream holds it`];
    return contractBreaks(old, current).map((sentence) => `${name}: ${sentence}`);
  });
  const unrecorded = Object.keys(next).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(next[name]));
  return { breaking, unrecorded };
}

const useOf = (part: string): ContractUse => (part === 'message' || part === 'response' ? part : 'request');

function contractBreaks(before: Contract, next: Contract): string[] {
  const missing = (next.needs ?? []).filter((need) => !before.needs?.includes(need));
  return [
    ...(before.address === next.address ? [] : [`was ${before.address} and is ${next.address}`]),
    ...missing.map((need) => `needs ${need} now; old clients do not send it`),
    ...Object.entries(before.schemas).flatMap(([part, schema]) => {
      const current = next.schemas[part];
      if (!current) return [`has no ${part} any more`];
      return breaks(schema, current, useOf(part)).map((sentence) => `${part} ${sentence}`);
    }),
    ...Object.keys(next.schemas)
      .filter(
        (part) => !before.schemas[part] && useOf(part) === 'request' && (next.schemas[part]?.required ?? []).length > 0,
      )
      .map((part) => `needs a ${part} now; old clients send none`),
  ];
}
