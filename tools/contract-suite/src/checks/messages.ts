import { randomUUID } from 'node:crypto';
import type { RecordedContract } from '@causeway/contracts/record';
import { durableOf, type SeenMessage } from '../broker.js';
import { eventually, expectEqual, expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { envelopeOf, type CloudEvent } from '../envelope.js';
import { newTrace } from '../trace.js';
import type { World } from '../world.js';
import { expectNoEffect, hasEffect } from './effects.js';

type Json = Record<string, unknown>;

/** What a consumer does with good, repeated, newer and broken messages. */
export const consumerChecks = (subject: string, contract: RecordedContract): Check[] => [
  {
    id: `${subject}/handled`,
    about: 'a valid message has an effect, and is acknowledged',
    run: async (world) => {
      const envelope = await validEnvelope(world, subject);
      const acted = await hasEffect(world, () => deliver(world, subject, envelope));
      expectThat(acted, () => `${subject} was acknowledged and had no effect`);
      expectNoDeadLetter(world, subject, envelope.id);
    },
  },
  {
    id: `${subject}/once`,
    about: 'the same message twice has one effect, and one outgoing message',
    run: async (world) => {
      const handled = async (): Promise<CloudEvent> => {
        const envelope = await validEnvelope(world, subject);
        await deliver(world, subject, envelope);
        return envelope;
      };
      await expectNoEffect(world, 'the second delivery of the same message', handled, async (envelope) => {
        // Without a message id of its own, so that the broker does not take it for a repetition: the service must.
        await deliver(world, subject, envelope, { repeat: true });
        expectNoDeadLetter(world, subject, envelope.id);
      });
    },
  },
  {
    id: `${subject}/unknown-field`,
    about: 'fields that a newer publisher adds are accepted',
    run: async (world) => {
      const envelope = await validEnvelope(world, subject);
      const newer = { ...envelope, data: { ...(envelope.data as Json), addedLater: { a: 1 } }, addedlater: 'x' };
      const acted = await hasEffect(world, () => deliver(world, subject, newer));
      expectNoDeadLetter(world, subject, envelope.id);
      expectThat(acted, () => `${subject} with an unknown field had no effect`);
    },
  },
  {
    id: `${subject}/malformed`,
    about: 'a message that is no JSON becomes a dead letter, once, and the next one is handled',
    run: async (world) => {
      const payload = `{"specversion":"1.0", ${randomUUID()}`;
      const letter = await becomesDeadLetter(world, subject, payload, 'MESSAGE_MALFORMED');
      expectEqual(letter.payload.toString(), payload, 'payload of the dead letter');
      await deliver(world, subject, await validEnvelope(world, subject));
    },
  },
  {
    id: `${subject}/invalid`,
    about: 'a message that does not match its schema becomes a dead letter, with the pointer of what is wrong',
    run: async (world) => {
      const envelope = await validEnvelope(world, subject);
      const [field] = contract.schemas['message']?.required ?? [];
      expectThat(field !== undefined, () => `${subject} requires no field`);
      const { [field]: _, ...data } = envelope.data as Json;
      const letter = await becomesDeadLetter(world, subject, JSON.stringify({ ...envelope, data }), 'MESSAGE_INVALID');
      const violations = letter.headers['Causeway-Dlq-Violations'] ?? '';
      expectThat(
        violations.includes(`"/data/${field}"`),
        () => `Causeway-Dlq-Violations: expected /data/${field}, got ${violations}`,
      );
      const wrongType = { ...(await validEnvelope(world, subject)), type: `${subject}0` };
      await becomesDeadLetter(world, subject, JSON.stringify(wrongType), 'MESSAGE_INVALID');
    },
  },
  {
    id: `${subject}/trace`,
    about: 'the trace of a message is continued: a span, and all that is published, belong to it',
    run: async (world) => {
      const { traceId, traceparent } = newTrace();
      await deliver(world, subject, await validEnvelope(world, subject, traceparent), { traceparent });
      await world.spanOf(traceId, 'consumer');
      for (const outgoing of world.target.fixture.consumers?.[subject]?.publishes ?? [])
        await eventually(`${outgoing} is published in the trace of ${subject}`, () =>
          world.broker.ofTrace(traceId).some((message) => message.subject === outgoing),
        );
    },
  },
];

async function validEnvelope(
  { requests }: World,
  subject: string,
  traceparent = newTrace().traceparent,
): Promise<CloudEvent> {
  return envelopeOf(subject, await requests.validData(subject), randomUUID(), traceparent);
}

/** Publishes a message and waits until its consumer is done with it. */
async function deliver(
  { broker }: World,
  subject: string,
  envelope: CloudEvent,
  {
    repeat = false,
    traceparent = envelope.traceparent,
  }: { readonly repeat?: boolean; readonly traceparent?: string } = {},
): Promise<void> {
  const sequence = await broker.publish(subject, JSON.stringify(envelope), {
    ...(!repeat && { messageId: envelope.id }),
    ...(traceparent !== undefined && { traceparent }),
  });
  await broker.settled(subject, sequence);
}

function expectNoDeadLetter({ broker }: World, subject: string, id: string): void {
  const letter = broker.deadLetters(subject).find(({ envelope }) => envelope?.id === id);
  expectThat(
    letter === undefined,
    () =>
      `a valid ${subject} became a dead letter: ${letter?.headers['Causeway-Dlq-Code']} ${letter?.headers['Causeway-Dlq-Reason']}`,
  );
}

const nothing = (): Promise<void> => Promise.resolve();

async function becomesDeadLetter(world: World, subject: string, payload: string, code: string): Promise<SeenMessage> {
  let letter: SeenMessage | undefined;
  await expectNoEffect(world, `an unusable ${subject}`, nothing, async () => {
    letter = await deadLetterOf(world, subject, payload, code);
  });
  return letter!;
}

async function deadLetterOf(
  { broker, target }: World,
  subject: string,
  payload: string,
  code: string,
): Promise<SeenMessage> {
  const known = broker.deadLetters(subject).length;
  const { traceparent } = newTrace();
  const sequence = await broker.publish(subject, payload, { traceparent });
  await broker.settled(subject, sequence);
  const letter = await eventually(
    `a dead letter of ${subject} with the code ${code}`,
    () => broker.deadLetters(subject)[known],
  );
  const expected = {
    'Causeway-Dlq-Consumer': durableOf(target.record.service, subject),
    'Causeway-Dlq-Subject': subject,
    'Causeway-Dlq-Stream': target.record.contracts[subject]!.stream,
    'Causeway-Dlq-Stream-Seq': String(sequence),
    'Causeway-Dlq-Code': code,
    // At once: a retry cannot help, and would hold up what follows.
    'Causeway-Dlq-Attempts': '1',
    traceparent,
  };
  for (const [name, value] of Object.entries(expected))
    expectEqual(letter.headers[name], value, `${name} of the dead letter`);
  for (const name of ['Causeway-Dlq-Reason', 'Causeway-Dlq-Message-Id', 'Causeway-Dlq-At', 'Nats-Msg-Id'])
    expectThat(Boolean(letter.headers[name]), () => `${name} of the dead letter: missing`);
  expectEqual(broker.deadLetters(subject).length, known + 1, 'dead letters for one message');
  return letter;
}
