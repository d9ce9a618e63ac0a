import { services, type ServiceName } from '@causeway/system';
import type { Query } from '../target/read-database.js';
import { handledMessages, sentMessages, type StoryMarks } from './messages.js';
import type { StoryPart } from './story.js';

/** Reads from the database of a service; undefined where the database is not known. */
export type ReadFrom = <T>(service: ServiceName, read: (query: Query) => Promise<T>) => Promise<T | undefined>;

/** They say themselves what belongs to the story. A trace does not: a timer may drive several orders in one. */
const tellers: readonly ServiceName[] = ['order', 'payment'];

/** Every service that has an outbox and an inbox. */
const speakers = services.filter(({ database, nats }) => database && nats).map(({ name }) => name);

/**
 * The messages of a story, of every service that sends or handles any: those about its aggregates, and those that follow
 * from them, which carry on their traces, through as many services as there are.
 */
export async function messageParts(read: ReadFrom, marks: Omit<StoryMarks, 'traces'>): Promise<readonly StoryPart[]> {
  const sent = await follow(read, marks, []);
  const messages = sent.flatMap((part) => part.messages);
  const handled = await Promise.all(
    speakers.map(async (name) => (await read(name, (query) => handledMessages(query, name, messages))) ?? []),
  );
  return [...sent, { events: handled.flat(), now: [], open: [] }];
}

type SentPart = StoryPart & { readonly messages: readonly { readonly id: string; readonly subject: string }[] };

async function follow(
  read: ReadFrom,
  marks: Omit<StoryMarks, 'traces'>,
  traces: readonly string[],
): Promise<readonly SentPart[]> {
  const parts = await Promise.all(
    speakers.map(async (name) => {
      const own = { ...marks, traces: tellers.includes(name) ? [] : traces };
      return (await read(name, (query) => sentMessages(query, name, own))) ?? unknown(name);
    }),
  );
  const found = parts.flatMap(({ events }) => events.flatMap(({ traceId }) => traceId ?? []));
  const all = [...new Set([...traces, ...found])];
  return all.length === traces.length ? parts : follow(read, marks, all);
}

/** A service that was added after the system was started. */
const unknown = (name: string): SentPart => ({
  messages: [],
  events: [],
  now: [`${name} is left out: its database is not known here`],
  open: [],
});
