import { consumers, messages, streams, type ConsumerDefinition, type StreamDefinition } from '@causeway/contracts';
import { ExampleUnusable, type ExampleService } from './example-files.js';

const week = 7 * 24 * 3_600_000;
const tenMinutes = 600_000;

/**
 * The streams and consumers of the contracts and of examples. An example in place of a listed service has the consumers
 * of its record, and a stream that is declared already stays as it is.
 * @throws ExampleUnusable for a message that `libs/contracts` does not have
 */
export function topologyWith(examples: readonly ExampleService[]): {
  readonly streams: readonly StreamDefinition[];
  readonly consumers: readonly ConsumerDefinition[];
} {
  const added = examples.flatMap((example) => Object.entries(example.streams));
  const names = examples.map(({ name }) => name);
  return {
    streams: [
      ...streams,
      ...added
        .filter(([name]) => !streams.some((stream) => stream.name === name))
        .map(([name, subjects]) => ({ name, subjects, maxAgeMs: week, duplicateWindowMs: tenMinutes })),
    ],
    consumers: [...consumers.filter(({ service }) => !names.includes(service)), ...examples.flatMap(consumersOf)],
  };
}

const consumersOf = ({ name, consumes, contractFile }: ExampleService): ConsumerDefinition[] =>
  Object.keys(consumes).map((subject) => {
    const message = messages.find((each) => each.subject === subject);
    if (!message) throw new ExampleUnusable(`${contractFile}: no service publishes ${subject}`);
    return { service: name, message };
  });
