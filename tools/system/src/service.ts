import type { SecretName } from './secrets.js';

/** What a system knows about addresses: on a laptop ports of the loopback address, in Compose names of containers. */
export interface SystemAddresses {
  /** Where browsers reach the gateway. */
  readonly publicUrl: string;
  /** Every URL under which a browser on this machine may open the gateway: `localhost` is another origin than `127.0.0.1`. */
  readonly publicUrls: readonly string[];
  /** Base URL of a service, for other services. */
  readonly urlOf: (service: string) => string;
  /** Where mail goes: for trying things out, a folder. */
  readonly mailUrl: string;
}

/**
 * One entry of the list of services. Only what nothing else says: which events a service publishes, which messages it
 * consumes, which RPCs it answers and which public routes it owns is in `libs/contracts`.
 */
export interface Service {
  /** Also the folder below `apps`, the host name, the NATS account and the image. */
  readonly name: string;
  /** Title of the image. */
  readonly title: string;
  /** `stand-in`: plays an external system, runs once, and is never deployed to production. */
  readonly role: 'product' | 'stand-in';
  /** HTTP port on a laptop. The management port is 100 higher, and each further instance 10 higher. */
  readonly port: number;
  /** The one service that clients outside of the system reach. It forwards to the owners of the public routes. */
  readonly edge?: true;
  /** Name of its own database and of the role that it runs with; `<name>_owner` owns it. Absent: it has none. */
  readonly database?: string;
  /** Has an account of the broker. With a database it also has the tables of `@causeway/messaging`. */
  readonly nats?: true;
  /** Checks access tokens: needs their issuer and the issuer's keys. */
  readonly tokens?: true;
  /** Subjects of the commands that it sends and the RPCs that it calls. */
  readonly sends?: readonly string[];
  /** Subjects that it hears without a durable consumer. */
  readonly listens?: readonly string[];
  /** Services that it calls over HTTP, each with the reason. The edge also calls the owners of the public routes. */
  readonly calls?: Readonly<Record<string, string>>;
  /** Settings that hold addresses of this system. Every other setting has a default or is a secret. */
  readonly settings?: (addresses: SystemAddresses) => Readonly<Record<string, string>>;
  /** Settings that are secret, each with the secret that it holds. Passwords of database and broker follow by themselves. */
  readonly secrets?: Readonly<Record<string, SecretName>>;
}
