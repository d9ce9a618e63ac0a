import type { Finding } from '../policies/policy.js';
import type { Pods, Rendered } from '../objects.js';

/** A caller that a mesh lets in. */
export interface Authorized {
  /** A ServiceAccount; `anyone` needs no identity and may be outside of the mesh. */
  readonly account: string;
  /** A workload: `order`. */
  readonly to: string;
  readonly port: number;
}

/** What the policies ask about a service mesh. One implementation for each that there is a component of. */
export interface Mesh {
  /** Its optional component. */
  readonly component: string;
  /** The objects that its authorization consists of, to say where a finding is. */
  readonly kinds: readonly string[];
  /** Whether these pods are in the mesh. */
  readonly meshed: (rendered: Rendered, pods: Pods) => boolean;
  /** Who may call whom, worked out as the mesh would. */
  readonly authorized: (rendered: Rendered) => readonly Authorized[];
  /** Parts of the authorization that `authorized` does not understand. */
  readonly unknown: (rendered: Rendered) => readonly Finding[];
  /** What lets connections through in the clear. @param isOpen Whether everyone may call this port of a workload. */
  readonly cleartext: (rendered: Rendered, isOpen: (workload: string, port: number) => boolean) => readonly Finding[];
  /** What makes the mesh repeat, time out or eject by itself. */
  readonly interference: (rendered: Rendered) => readonly Finding[];
  /** What keeps pods from starting, ending or being understood: sidecars, protocols. */
  readonly life: (rendered: Rendered) => readonly Finding[];
}

/**
 * What a mesh must encrypt and pass on as it is. NATS speaks first, and PostgreSQL is no HTTP: a mesh that waits for a
 * request waits for ever. Of our own HTTP it would make 502 or 503 of a lost connection, and our libraries try another
 * instance only after a lost one.
 */
export const passedOn: Readonly<Record<number, string>> = {
  4222: 'NATS, which speaks first',
  5432: 'PostgreSQL, which is no HTTP',
  8080: 'HTTP, of which libraries must see a lost connection',
};
