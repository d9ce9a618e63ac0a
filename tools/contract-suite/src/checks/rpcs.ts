import type { RecordedContract } from '@causeway/contracts/record';
import { eventually, expectEqual, expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { violations } from '../schema.js';
import { newTrace } from '../trace.js';

/** What a service replies over core NATS. */
export const rpcChecks = (subject: string, { schemas }: RecordedContract): Check[] => [
  {
    id: `${subject}/reply`,
    about: 'a valid request gets a reply that matches the schema, in the trace of the caller',
    run: async (world) => {
      const { traceId, traceparent } = newTrace();
      const request = JSON.stringify(await world.requests.validData(subject));
      const reply = await world.broker.request(subject, request, { traceparent, 'causeway-deadline-ms': '10000' });
      expectEqual(
        reply.headers['Causeway-Error'],
        undefined,
        `header Causeway-Error of the reply ${JSON.stringify(reply.body)}\n   `,
      );
      const wrong = violations(schemas['response']!, reply.body);
      expectThat(
        wrong.length === 0,
        () => `the reply ${JSON.stringify(reply.body)} does not match the schema: ${wrong.join('; ')}`,
      );
      await world.spanOf(traceId, 'server');
    },
  },
  {
    id: `${subject}/refusals`,
    about: 'a request that is no JSON, invalid, or past its deadline gets an error with a code',
    run: async (world) => {
      const valid = JSON.stringify(await world.requests.validData(subject));
      const errorOf = async (
        payload: string,
        headers: Readonly<Record<string, string>> = {},
      ): Promise<string | undefined> => {
        const { headers: received, body } = await world.broker.request(subject, payload, headers);
        const { code, message } = (body ?? {}) as { code?: string; message?: string };
        expectThat(typeof message === 'string', () => `the reply ${JSON.stringify(body)} needs a message`);
        expectEqual(received['Causeway-Error'], code, 'header Causeway-Error and the code in the body');
        return code;
      };
      expectEqual(await errorOf('{"a":'), 'MESSAGE_MALFORMED', 'code for half a document');
      expectEqual(await errorOf('{}'), 'VALIDATION_FAILED', 'code for an empty object');
      expectEqual(await errorOf(valid, { 'causeway-deadline-ms': '0' }), 'DEADLINE_EXCEEDED', 'code past the deadline');
    },
  },
];

/** The gateway finds instances by the NATS Services protocol where there is no other discovery. */
export const discoveryCheck: Check = {
  id: 'discovery/announced',
  about: 'the instance answers the NATS Services protocol with its name, its id and its URL',
  run: async ({ broker, target, url }) => {
    const { service } = target.record;
    await eventually(`an answer to $SRV.PING.${service}`, async () => {
      const { body } = await broker.request(`$SRV.PING.${service}`, '');
      const { type, name, id, version, metadata } = body as {
        type?: string;
        name?: string;
        id?: string;
        version?: string;
        metadata?: { url?: string };
      };
      expectEqual(
        { type, name, id, version, url: metadata?.url },
        { type: 'io.nats.micro.v1.ping_response', name: service, id: `${service}-1`, version: '1.2.3', url },
        'answer to $SRV.PING',
      );
      return true;
    });
  },
};
