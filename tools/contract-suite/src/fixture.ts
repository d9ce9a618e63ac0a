import type { HttpAnswer } from './http.js';

/** What a fixture may use to make a valid request or message possible. */
export interface Surroundings {
  /** URL of the service under test. */
  readonly url: string;
  /** A new UUID. */
  newId(): string;
  /** The id of a new person, for tokens. */
  person(): Promise<string>;
  /** Sends a valid request: the token, the key and what the record and this fixture say about the operation. */
  call(operationId: string, request?: RequestParts): Promise<HttpAnswer>;
  /** Publishes a valid message of another service, and waits until it is handled. @returns its data */
  deliver(subject: string, data?: unknown): Promise<unknown>;
  /** Waits for the first message of this subject whose data satisfies the condition. @returns its data */
  published(subject: string, matches?: (data: never) => boolean): Promise<unknown>;
  /** Reads, or prepares, the database of the service. */
  rows<T extends object>(sql: string, values?: readonly unknown[]): Promise<T[]>;
}

/** What a valid request consists of. Everything that is left out follows from the record. */
export interface RequestParts {
  /** Subject of the token. Default: a new person. */
  readonly subject?: string;
  /** Values of the placeholders in the path. Default: a resource that is made by the operation which creates it. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Default: the example of the record, or else a value made from the schema. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the `ETag` of the resource. */
  readonly ifMatch?: string;
}

export interface OperationFixture {
  /** Makes a valid request possible: creates what it needs. Called before each one. */
  request?(world: Surroundings, subject: string): RequestParts | Promise<RequestParts>;
  /** Headers that authenticate a signed request. @param body As it is sent. */
  sign?(body: string): Readonly<Record<string, string>>;
  /** Subjects that a valid request publishes. Each is awaited, in the trace of the request. */
  readonly publishes?: readonly string[];
}

export interface ConsumerFixture {
  /** Makes valid data possible. Called for each message. Default: the example, or else a value from the schema. */
  data?(world: Surroundings): unknown;
  /** Subjects that handling a valid message publishes. Each is awaited, in the trace of the message. */
  readonly publishes?: readonly string[];
}

export interface RpcFixture {
  /** Makes a valid request possible. Default: the example, or else a value from the schema. */
  request?(world: Surroundings): unknown;
}

/**
 * What the owner of a service tells the contract suite, and the record cannot: how to make preconditions. Everything is
 * optional; docs/reference/service-contract.md says what follows from the record alone.
 */
export interface ContractFixture {
  /** Settings of this service alone: secrets, addresses of what it calls. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Starts what the service calls outside of this system. @returns settings that say where, and how to stop it */
  start?(): Promise<{ readonly settings: Readonly<Record<string, string>>; stop(): Promise<void> }>;
  /** Plays the RPCs of other services that this one calls. */
  readonly replies?: Readonly<Record<string, (request: never) => unknown>>;
  /** Prepares what every check may rely on. Called once, when the service is ready. */
  prepare?(world: Surroundings): Promise<void>;
  /** Makes a new person, who sends a request. @returns the subject of the token. Default: a new UUID */
  person?(world: Surroundings): Promise<string>;
  readonly operations?: Readonly<Record<string, OperationFixture>>;
  readonly consumers?: Readonly<Record<string, ConsumerFixture>>;
  readonly rpcs?: Readonly<Record<string, RpcFixture>>;
  /** How to make the service publish an event that no operation and no message above brings about. */
  readonly events?: Readonly<Record<string, (world: Surroundings) => Promise<unknown>>>;
  /** Tables that change without a request or a message, as `schema.table`. */
  readonly restless?: readonly string[];
  /** Checks that do not apply, each with the reason. One that passes all the same is reported as a failure. */
  readonly exceptions?: Readonly<Record<string, string>>;
}
