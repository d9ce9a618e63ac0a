import { errorCodes } from '@causeway/errors';
import { bodyExamples } from './documents/examples.js';
import { consumers, errorCodesOf, messages, routes, rpcs, streamOf, type HttpMethod } from './index.js';
import { currentContracts, type Contract } from './published.js';

/** A published contract with everything that a program in any language needs to keep it, or to check that it is kept. */
export interface RecordedContract extends Contract {
  readonly kind: 'operation' | 'event' | 'command' | 'rpc';
  /** The service that answers the operation or RPC, publishes the event, or handles the command. */
  readonly owner: string;
  readonly summary: string;
  /** Of an operation, in lower case. */
  readonly method?: HttpMethod;
  /** Of an operation: `/v1/orders/{orderId}`. Every parameter is a UUID. */
  readonly path?: string;
  /** Of an operation: status of its success. */
  readonly status?: number;
  /** Scope that the access token must have; absent for a public operation. */
  readonly scope?: string;
  /** Also opens the operation, and to everybody’s resources instead of the caller’s own. */
  readonly staffScope?: string;
  /** Requires an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Requires `If-Match`. */
  readonly versioned?: boolean;
  /** Authenticated by a signature instead of a token. */
  readonly signed?: boolean;
  /** Headers that a success always has. */
  readonly headers?: readonly string[];
  /** Of an operation: every error code it can answer with, and the HTTP status of each. */
  readonly errors?: Readonly<Record<string, number>>;
  /** Of an event or command: the stream that stores it. */
  readonly stream?: string;
  /** Of an event or command: the services that handle it, each with a durable consumer. */
  readonly consumers?: readonly string[];
  readonly examples?: Readonly<Record<string, unknown>>;
}

/** The contract of one service, in a form that needs no TypeScript: what it owns, what it handles, what it uses. */
export interface ContractRecord {
  readonly service: string;
  /** Subjects of every stream that stores messages of services, by name of the stream. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  /** Commands that it sends and RPCs that it calls; other services own them. */
  readonly sends: readonly string[];
  /** By name: subjects of events, commands and RPCs, and operation ids. */
  readonly contracts: Readonly<Record<string, RecordedContract>>;
}

/**
 * Returns the contract record of a service: the published contracts cut to those that concern it.
 * @param sends Commands that it sends and RPCs that it calls, as the list of services has them. Default none.
 */
export function contractRecord(service: string, sends: readonly string[] = []): ContractRecord {
  const published = currentContracts();
  const contracts: Record<string, RecordedContract> = {};
  for (const { operationId, owner, ...route } of routes.filter((each) => each.owner === service)) {
    const { method, path, summary, success, scope, staffScope, idempotent, versioned } = route;
    const examples = bodyExamples[operationId];
    contracts[operationId] = {
      kind: 'operation',
      owner,
      summary,
      ...published[operationId]!,
      method,
      path,
      status: success.status,
      ...(scope !== undefined && { scope }),
      ...(staffScope !== undefined && { staffScope }),
      ...(idempotent && { idempotent }),
      ...(versioned && { versioned }),
      // demo
      ...(route.signed && { signed: route.signed }),
      // end demo
      ...(success.headers && { headers: success.headers }),
      errors: Object.fromEntries(
        errorCodesOf({ operationId, owner, ...route }).map((code) => [code, errorCodes[code].status]),
      ),
      ...(examples && { examples }),
    };
  }
  for (const { subject, owner, kind, summary } of messages) {
    const handledBy = consumers
      .filter(({ message }) => message.subject === subject)
      .map((consumer) => consumer.service);
    const publishes = kind === 'event' && owner === service;
    if (!publishes && !handledBy.includes(service) && !sends.includes(subject)) continue;
    const stream = streamOf(subject).name;
    contracts[subject] = { kind, owner, summary, ...published[subject]!, stream, consumers: handledBy };
  }
  for (const { subject, owner, summary } of rpcs)
    if (owner === service || sends.includes(subject))
      contracts[subject] = { kind: 'rpc', owner, summary, ...published[subject]! };
  return { service, streams: messageStreams(), sends, contracts };
}

/** Without the streams that services do not publish to: dead letters, advisories, the audit trail. */
const messageStreams = (): Record<string, readonly string[]> =>
  Object.fromEntries(
    [...new Set(messages.map(({ subject }) => streamOf(subject)))].map(({ name, subjects }) => [name, subjects]),
  );
