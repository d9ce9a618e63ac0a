import { randomUUID } from 'node:crypto';
import type { RecordedContract } from '@causeway/contracts/record';
import { ContractBroken, eventually, expectThat } from './broken.js';
import { envelopeOf } from './envelope.js';
import type { OperationFixture, RequestParts, Surroundings } from './fixture.js';
import type { HttpAnswer } from './http.js';
import type { TokenOptions } from './issuer.js';
import { sampleOf } from './sample.js';
import { newTrace } from './trace.js';
import type { World } from './world.js';

/** A request that the service must accept, in parts that a check can spoil one by one. */
export interface PreparedRequest {
  readonly operation: ContractOperation;
  readonly subject: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface ContractOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contract: RecordedContract;
}

/** What of a prepared request is sent differently; null leaves it out. */
export interface Changes {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: unknown;
  /** As it is, instead of a body in JSON. */
  readonly raw?: string | Buffer;
}

/** The operations of a record. A record without the extra fields says the same in `address` and `needs`. */
export function operationsOf(contracts: Readonly<Record<string, RecordedContract>>): ContractOperation[] {
  return Object.entries(contracts).flatMap(([id, contract]) => {
    const [, verb, path, status] = /^([A-Z]+) (\S+) → (\d{3})$/.exec(contract.address ?? '') ?? [];
    if (verb === undefined || path === undefined) return [];
    return [{ id, method: verb, path, status: Number(status), contract }];
  });
}

const needOf = (contract: RecordedContract, pattern: RegExp): string | undefined =>
  contract.needs?.map((need) => pattern.exec(need)?.[1]).find((found) => found !== undefined);

export const scopeOf = (contract: RecordedContract): string | undefined =>
  contract.scope ?? needOf(contract, /^the scope (\S+)$/);
export const isIdempotent = (contract: RecordedContract): boolean =>
  contract.idempotent ?? needOf(contract, /^(an Idempotency-Key)$/) !== undefined;
export const isVersioned = (contract: RecordedContract): boolean =>
  contract.versioned ?? needOf(contract, /^(If-Match)$/) !== undefined;
export const isSigned = (contract: RecordedContract): boolean =>
  contract.signed ?? needOf(contract, /^(a signature)$/) !== undefined;
export const placeholdersOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

/** Makes valid requests and messages from the record and the fixture. */
export class Requests {
  readonly operations: readonly ContractOperation[];
  private readonly bases = new Map<string, Promise<PreparedRequest>>();

  constructor(private readonly world: World) {
    this.operations = operationsOf(world.target.record.contracts);
  }

  fixtureOf(id: string): OperationFixture {
    return this.world.target.fixture.operations?.[id] ?? {};
  }

  /** A request for checks that spoil it: it is made once, since nothing may come of them. */
  base(operation: ContractOperation): Promise<PreparedRequest> {
    let made = this.bases.get(operation.id);
    if (!made) this.bases.set(operation.id, (made = this.prepare(operation)));
    return made;
  }

  /** Makes a request that must succeed, with preconditions of its own. */
  async prepare(operation: ContractOperation, given: RequestParts = {}): Promise<PreparedRequest> {
    const { contract, id, path } = operation;
    const proposed = given.subject ?? (scopeOf(contract) === undefined ? randomUUID() : await this.person());
    const parts: RequestParts = { ...(await this.fixtureOf(id).request?.(this.surroundings, proposed)), ...given };
    const subject = parts.subject ?? proposed;
    const { params, etag } = await this.resourceOf(operation, subject, parts);
    const body = contract.schemas['request'] && (parts.body ?? this.bodyOf(id, contract));
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const request = { operation, subject, path: filled, query: parts.query ?? {}, headers: {}, body };
    const ifMatch = isVersioned(contract) ? (parts.ifMatch ?? etag ?? (await this.etagOf(request))) : undefined;
    return {
      ...request,
      headers: {
        ...(await this.authorization(contract, subject)),
        ...(isIdempotent(contract) && { 'idempotency-key': randomUUID() }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        ...parts.headers,
      },
    };
  }

  /** Somebody new, for tokens. */
  async person(): Promise<string> {
    return (await this.world.target.fixture.person?.(this.surroundings)) ?? randomUUID();
  }

  async authorization(
    contract: RecordedContract,
    subject: string,
    options: TokenOptions = {},
  ): Promise<Readonly<Record<string, string>>> {
    const scope = scopeOf(contract);
    if (scope === undefined) return {};
    return { authorization: `Bearer ${await this.world.issuer.sign(subject, { scopes: [scope], ...options })}` };
  }

  send(request: PreparedRequest, changes: Changes = {}): Promise<HttpAnswer> {
    const body = changes.raw ?? textOf('body' in changes ? changes.body : request.body);
    const signature = isSigned(request.operation.contract)
      ? this.fixtureOf(request.operation.id).sign?.(String(body ?? ''))
      : {};
    const headers = Object.entries({
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...signature,
      ...request.headers,
      ...changes.headers,
    }).filter((entry): entry is [string, string] => entry[1] !== null);
    const query = new URLSearchParams({ ...request.query, ...changes.query }).toString();
    return this.world.send({
      method: changes.method ?? request.operation.method,
      path: `${changes.path ?? request.path}${query && `?${query}`}`,
      headers: Object.fromEntries(headers),
      ...(body !== undefined && { body }),
    });
  }

  /** Sends a valid request, for its effect. @throws when it is not accepted */
  async call(id: string, given: RequestParts = {}): Promise<HttpAnswer> {
    const operation = this.operations.find((each) => each.id === id);
    if (!operation) throw new Error(`the record has no operation ${id}`);
    const answer = await this.send(await this.prepare(operation, given));
    expectThat(
      answer.status === operation.status,
      () => `${id}: a valid request should get ${operation.status}, and got ${answer.status} ${answer.text}`,
    );
    return answer;
  }

  /** Data of a message, or the request of an RPC, that must be accepted. */
  validData(subject: string): unknown {
    const contract = this.world.target.record.contracts[subject]!;
    const { consumers, rpcs } = this.world.target.fixture;
    if (contract.schemas['message'] === undefined)
      return (
        rpcs?.[subject]?.request?.(this.surroundings) ??
        contract.examples?.['request'] ??
        sampleOf(contract.schemas['request']!)
      );
    return (
      consumers?.[subject]?.data?.(this.surroundings) ??
      contract.examples?.['message'] ??
      sampleOf(contract.schemas['message'])
    );
  }

  /** What fixtures are given. */
  get surroundings(): Surroundings {
    const { world } = this;
    return {
      url: world.url,
      newId: () => randomUUID(),
      person: () => this.person(),
      call: (id, given) => this.call(id, given),
      deliver: async (subject, data = this.validData(subject)) => {
        const envelope = envelopeOf(subject, await data, randomUUID(), newTrace().traceparent);
        const sequence = await world.broker.publish(subject, JSON.stringify(envelope), { messageId: envelope.id });
        await world.broker.settled(subject, sequence);
        return envelope.data;
      },
      published: (subject, matches = () => true) =>
        eventually(
          `${subject} is published`,
          () =>
            world.broker.seen.find((message) => message.subject === subject && matches(message.envelope?.data as never))
              ?.envelope?.data,
        ),
      rows: (sql, values) => {
        if (!world.database) throw new Error('the service has no database');
        return world.database.rows(sql, values);
      },
    };
  }

  private bodyOf(id: string, contract: RecordedContract): unknown {
    try {
      return contract.examples?.['request'] ?? sampleOf(contract.schemas['request']!);
    } catch (error) {
      throw new ContractBroken(`${id}: ${(error as Error).message}`);
    }
  }

  /** Fills the placeholders of a path: a resource is made by the operation on the collection above it. */
  private async resourceOf(
    { id, path }: ContractOperation,
    subject: string,
    { params: given = {} }: RequestParts,
  ): Promise<{ params: Record<string, string>; etag?: string }> {
    const params: Record<string, string> = { ...given };
    let etag: string | undefined;
    for (const name of placeholdersOf(path)) {
      if (params[name] !== undefined) continue;
      const collection = path.slice(0, path.indexOf(`/{${name}}`));
      const maker = this.operations.find((each) => each.method === 'POST' && each.path === collection);
      if (!maker)
        throw new ContractBroken(
          `${id}: nothing in the record makes a {${name}}; say in the fixture, operations.${id}.request, where it comes from`,
        );
      const answer = await this.call(maker.id, { subject, params });
      params[name] = idIn(answer) ?? '';
      etag = path.endsWith(`{${name}}`) ? answer.headers['etag'] : undefined;
    }
    return { params, ...(etag !== undefined && { etag }) };
  }

  /** The version of the resource, from the operation that reads it, or what it is a part of. */
  private async etagOf({ operation, path, subject }: PreparedRequest): Promise<string | undefined> {
    const parts = operation.path.split('/');
    for (let length = parts.length; length > 2; length -= 1) {
      const readable = parts.slice(0, length).join('/');
      const reader = this.operations.find((each) => each.method === 'GET' && each.path === readable);
      if (!reader) continue;
      const headers = await this.authorization(reader.contract, subject);
      const answer = await this.world.send({
        method: 'GET',
        path: path.split('/').slice(0, length).join('/'),
        headers,
      });
      return answer.headers['etag'];
    }
    return undefined;
  }
}

/** The id of a new resource: what `Location` ends with, or the `id` of the body. */
function idIn({ headers, body }: HttpAnswer): string | undefined {
  return headers['location']?.split('/').at(-1) ?? (body as { id?: string } | undefined)?.id;
}

const textOf = (body: unknown): string | undefined => (body === undefined ? undefined : JSON.stringify(body));
