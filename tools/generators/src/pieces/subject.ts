import { spell } from './names.js';

export type SubjectKind = 'evt' | 'cmd' | 'rpc';

/** A subject in its parts: `order.evt.placed.v1`. */
export interface Subject {
  readonly text: string;
  /** The service that publishes the event, handles the command or answers the request. */
  readonly owner: string;
  readonly kind: SubjectKind;
  readonly what: string;
  readonly version: number;
}

const kinds = { evt: 'event', cmd: 'command', rpc: 'rpc' } as const;
const examples = {
  evt: 'order.evt.shipped.v1',
  cmd: 'payment.cmd.refund.v1',
  rpc: 'user.rpc.get-profile.v1',
};
const sayings = {
  evt: 'what happened',
  cmd: 'what to do',
  rpc: 'a verb and what it is about',
};

/**
 * Reads a subject.
 * @throws when it is not `<owner>.<kind>.<what>.v<n>`: lower-case letters, the owner in one word, of an RPC at least two
 */
export function subjectOf(text: string, kind: SubjectKind): Subject {
  const convention = `${kinds[kind]} ${text}: the name is <owner>.${kind}.<${sayings[kind]}>.v<number>, as ${examples[kind]}`;
  const [owner = '', found = '', what = '', version = '', ...more] = text.split('.');
  const words = kind === 'rpc' ? /^[a-z]+(-[a-z]+)+$/ : /^[a-z]+(-[a-z]+)*$/;
  const valid = /^[a-z]+$/.test(owner) && words.test(what) && /^v[1-9]\d*$/.test(version) && more.length === 0;
  if (!valid || found !== kind) throw new Error(`${convention}.`);
  return { text, owner, kind, what, version: Number(version.slice(1)) };
}

/** Reads the subject of an event or a command. */
export function messageSubjectOf(text: string): Subject {
  return subjectOf(text, text.split('.')[1] === 'cmd' ? 'cmd' : 'evt');
}

/** The same with another version. */
export const versionOf = ({ owner, kind, what }: Subject, version: number): string =>
  `${owner}.${kind}.${what}.v${version}`;

/** The constant that defines it: `orderPlaced`, `authorizePayment`, `getAddress`; with `V2` from the second version on. */
export function constantOf({ owner, kind, what, version }: Subject): string {
  const name = { evt: `${owner}-${what}`, cmd: `${what}-${owner}`, rpc: what }[kind];
  return `${spell(name).camel}${version > 1 ? `V${version}` : ''}`;
}
