import { expectEqual, expectThat, eventually } from '../broken.js';
import type { Check } from '../check.js';
import type { HttpAnswer } from '../http.js';
import type { ContractOperation } from '../requests.js';
import { violations } from '../schema.js';
import { newTrace } from '../trace.js';
import type { World } from '../world.js';

/** What a valid request gets, and that its trace goes on. */
export const successChecks = (operation: ContractOperation): Check[] => [
  {
    id: `${operation.id}/success`,
    about: `a valid request gets ${operation.status}, with the headers and the body of the schema`,
    run: async ({ requests }) => {
      const answer = await requests.send(await requests.prepare(operation));
      expectSuccess(operation, answer);
    },
  },
  {
    id: `${operation.id}/trace`,
    about: 'the caller’s trace is continued: its id is echoed, and a span and all messages belong to it',
    run: (world) => expectTraceContinued(world, operation),
  },
];

export function expectSuccess({ id, status, contract }: ContractOperation, answer: HttpAnswer): void {
  const { headers, text } = answer;
  const shown = `${id}: ${answer.status} ${text.slice(0, 300)}`;
  expectEqual(answer.status, status, `status of ${shown}\n   `);
  expectEqual(headers['cache-control'], 'no-store', `Cache-Control of ${shown}\n   `);
  expectEqual(headers['x-content-type-options'], 'nosniff', `X-Content-Type-Options of ${shown}\n   `);
  expectThat(/^[0-9a-f]{32}$/.test(headers['x-trace-id'] ?? ''), () => `x-trace-id of ${shown}: missing`);
  const wanted = contract.headers ?? [];
  if (wanted.includes('ETag'))
    expectThat(
      /^"\d+"$/.test(headers['etag'] ?? ''),
      () => `ETag of ${shown}: expected a quoted version, got ${headers['etag']}`,
    );
  if (wanted.includes('Location'))
    expectThat(
      /^\/v\d+\//.test(headers['location'] ?? ''),
      () => `Location of ${shown}: expected a path, got ${headers['location']}`,
    );
  const schema = contract.schemas['response'];
  if (!schema) return expectEqual(text, '', `body of ${shown}\n   `);
  expectThat(
    /^application\/json(;|$)/.test(headers['content-type'] ?? ''),
    () => `content type of ${shown}: expected application/json, got ${headers['content-type']}`,
  );
  const wrong = violations(schema, answer.body);
  expectThat(wrong.length === 0, () => `body of ${shown} does not match the schema: ${wrong.join('; ')}`);
}

async function expectTraceContinued(world: World, operation: ContractOperation): Promise<void> {
  const { requests, broker } = world;
  const request = await requests.prepare(operation);
  const { traceId, traceparent } = newTrace();
  const answer = await requests.send(request, { headers: { traceparent } });
  expectEqual(answer.headers['x-trace-id'], traceId, 'x-trace-id of the answer');
  await world.spanOf(traceId, 'server');
  for (const subject of requests.fixtureOf(operation.id).publishes ?? [])
    await eventually(`${subject} is published in the trace of the request`, () =>
      broker.ofTrace(traceId).some((message) => message.subject === subject),
    );
}
