import { randomUUID } from 'node:crypto';
import { expectEqual, expectThat } from '../broken.js';
import type { Check } from '../check.js';
import type { HttpAnswer } from '../http.js';
import { sampleOf } from '../sample.js';
import { isIdempotent, isVersioned, scopeOf, type ContractOperation, type PreparedRequest } from '../requests.js';
import { violations } from '../schema.js';
import { expectNoEffect, hasEffect } from './effects.js';
import { expectProblem } from './problem.js';
import { expectSuccess } from './success.js';

/** That a request has its effect once, in time, and on the version that it names. */
export const onceChecks = (operation: ContractOperation): Check[] => [
  deadlineCheck(operation),
  ...(isIdempotent(operation.contract) ? idempotencyChecks(operation) : []),
  ...(isVersioned(operation.contract) ? versionChecks(operation) : []),
];

const deadlineCheck = (operation: ContractOperation): Check => ({
  id: `${operation.id}/deadline`,
  about: 'a request whose deadline has passed is refused before anything is done',
  run: async (world) => {
    const prepare = () => world.requests.prepare(operation);
    await expectNoEffect(world, 'a request whose deadline had passed', prepare, async (request) => {
      const answer = await world.requests.send(request, { headers: { 'causeway-deadline-ms': '0' } });
      expectProblem(answer, operation, { status: 504, code: 'DEADLINE_EXCEEDED' }, 'causeway-deadline-ms: 0');
    });
  },
});

const essence = ({ status, body, headers }: HttpAnswer): unknown => ({
  status,
  body,
  location: headers['location'],
  etag: headers['etag'],
});

function idempotencyChecks(operation: ContractOperation): Check[] {
  const { id } = operation;
  return [
    {
      id: `${id}/key-missing`,
      about: 'a request without an Idempotency-Key, or with a malformed one, is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const without = await requests.send(base, { headers: { 'idempotency-key': null } });
        expectProblem(without, operation, { status: 400, code: 'IDEMPOTENCY_KEY_REQUIRED' }, 'no Idempotency-Key');
        for (const key of ['two words', 'k'.repeat(129)]) {
          const answer = await requests.send(base, { headers: { 'idempotency-key': key } });
          expectProblem(answer, operation, { status: 400, code: 'IDEMPOTENCY_KEY_INVALID' }, `Idempotency-Key: ${key}`);
        }
      },
    },
    {
      id: `${id}/key-replay`,
      about: 'the same request again gets the same answer, and has no further effect',
      run: async (world) => {
        const answered = async (): Promise<[PreparedRequest, HttpAnswer]> => {
          const request = await world.requests.prepare(operation);
          let first: HttpAnswer | undefined;
          const acted = await hasEffect(world, async () => {
            first = await world.requests.send(request);
            expectSuccess(operation, first);
            expectEqual(first.headers['idempotency-replayed'], undefined, 'Idempotency-Replayed of the first answer');
          });
          expectThat(acted, () => 'the first request had no effect at all');
          return [request, first!];
        };
        await expectNoEffect(world, 'the same request again', answered, async ([request, first]) => {
          const again = await world.requests.send(request);
          expectEqual(essence(again), essence(first), 'answer to the same request');
          expectEqual(again.headers['idempotency-replayed'], 'true', 'Idempotency-Replayed of the second answer');
        });
      },
    },
    {
      id: `${id}/key-concurrent`,
      about: 'the same request five times at once has one effect',
      run: async ({ requests }) => {
        const request = await requests.prepare(operation);
        const answers = await Promise.all(Array.from({ length: 5 }, () => requests.send(request)));
        const done = answers.filter(({ status }) => status === operation.status);
        const first = done.filter(({ headers }) => headers['idempotency-replayed'] === undefined);
        expectEqual(
          first.length,
          1,
          `answers that are no replay, of ${answers.map(({ status }) => status).join(', ')}`,
        );
        for (const other of done) expectEqual(essence(other), essence(first[0]!), 'answer to the same request');
        for (const refused of answers.filter((answer) => !done.includes(answer)))
          expectProblem(refused, operation, { status: 409, code: 'IDEMPOTENCY_KEY_IN_FLIGHT' }, 'the same key at once');
      },
    },
    {
      id: `${id}/key-reused`,
      about: 'the same key with another body is refused',
      run: async ({ requests }) => {
        const request = await requests.prepare(operation);
        expectSuccess(operation, await requests.send(request));
        const answer = await requests.send(request, { body: otherBody(request) });
        expectProblem(answer, operation, { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' }, 'another body, the same key');
      },
    },
    ...(scopeOf(operation.contract) === undefined ? [] : [keyOwnerCheck(operation)]),
  ];
}

/** A key belongs to the person who chose it. */
const keyOwnerCheck = (operation: ContractOperation): Check => ({
  id: `${operation.id}/key-owner`,
  about: 'another person’s request with the same key is a request of its own',
  run: async ({ requests }) => {
    const key = { 'idempotency-key': randomUUID() };
    const [mine, theirs] = [await requests.prepare(operation), await requests.prepare(operation)];
    expectSuccess(operation, await requests.send(mine, { headers: key }));
    const answer = await requests.send(theirs, { headers: key });
    expectSuccess(operation, answer);
    expectEqual(answer.headers['idempotency-replayed'], undefined, 'Idempotency-Replayed for another person');
  },
});

/** A valid body that differs from that of the request in one field. */
function otherBody({ body, operation }: PreparedRequest): unknown {
  const schema = operation.contract.schemas['request']!;
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const value = (body as Record<string, unknown>)[name];
    const candidates =
      typeof value === 'string' ? [`${value}x`, value.slice(0, -1), changedText(field)] : [changedText(field)];
    for (const candidate of candidates) {
      const changed = { ...(body as object), [name]: candidate };
      if (candidate !== undefined && candidate !== value && violations(schema, changed).length === 0) return changed;
    }
  }
  throw new Error(`no other valid body is known for ${operation.id}`);
}

function changedText(field: Parameters<typeof sampleOf>[0]): unknown {
  try {
    return sampleOf(field);
  } catch {
    return undefined;
  }
}

function versionChecks(operation: ContractOperation): Check[] {
  const { id } = operation;
  return [
    {
      id: `${id}/version-missing`,
      about: 'a change without If-Match, or with a malformed one, is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const without = await requests.send(base, { headers: { 'if-match': null } });
        expectProblem(without, operation, { status: 428, code: 'IF_MATCH_REQUIRED' }, 'no If-Match');
        const unquoted = await requests.send(base, { headers: { 'if-match': '1' } });
        expectProblem(unquoted, operation, { status: 400, code: 'MALFORMED_REQUEST' }, 'If-Match: 1');
      },
    },
    {
      id: `${id}/version-stale`,
      about: 'a change of another version than the newest is refused, and changes nothing',
      run: async (world) => {
        const prepare = () => world.requests.prepare(operation);
        await expectNoEffect(world, 'a change of a stale version', prepare, async (request) => {
          const answer = await world.requests.send(request, { headers: { 'if-match': '"999999"' } });
          expectProblem(answer, operation, { status: 412, code: 'VERSION_STALE' }, 'If-Match: "999999"');
        });
      },
    },
    {
      id: `${id}/version-once`,
      about: 'of two changes of the same version one is refused',
      run: async ({ requests }) => {
        const request = await requests.prepare(operation);
        expectSuccess(operation, await requests.send(request));
        const second = await requests.send(request);
        const wanted =
          operation.method === 'DELETE' ? { status: 404, code: 'NOT_FOUND' } : { status: 412, code: 'VERSION_STALE' };
        expectProblem(second, operation, wanted, 'the same version again');
      },
    },
  ];
}
