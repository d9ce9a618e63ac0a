import { randomUUID } from 'node:crypto';
import { expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { invalidBodies } from '../invalid.js';
import { placeholdersOf, type ContractOperation } from '../requests.js';
import { expectProblem } from './problem.js';

const malformed = { status: 400, code: 'MALFORMED_REQUEST' } as const;
const invalid = { status: 422, code: 'VALIDATION_FAILED' } as const;
/** The largest body that every service must refuse: it is above the limit of 256 KiB. */
const tooLarge = 'a'.repeat(400_000);

/** What a service must refuse to read. */
export function inputChecks(operation: ContractOperation): Check[] {
  return [...bodyChecks(operation), ...queryChecks(operation), ...pathChecks(operation)];
}

function bodyChecks(operation: ContractOperation): Check[] {
  const { id, contract } = operation;
  const schema = contract.schemas['request'];
  if (!schema) return [];
  return [
    {
      id: `${id}/body-malformed`,
      about: 'a body that is no JSON in UTF-8 is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const raws = {
          'half a document': '{"a":',
          'a comma too many': '{"a":1,}',
          'bytes that are no UTF-8': Buffer.from([0x22, 0xff, 0x22]),
        };
        for (const [about, raw] of Object.entries(raws))
          expectProblem(await requests.send(base, { raw }), operation, malformed, about);
      },
    },
    {
      id: `${id}/body-invalid`,
      about: 'every invalid field is refused, with its JSON pointer',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const bodies = invalidBodies(schema, base.body);
        expectThat(bodies.length > 0, () => `the schema of ${id} accepts everything`);
        for (const { about, pointer, body } of bodies)
          expectProblem(await requests.send(base, { body }), operation, { ...invalid, pointer }, about);
        const list = await requests.send(base, { body: [] });
        expectProblem(list, operation, { ...invalid, pointer: '' }, 'a body that is a list');
      },
    },
    {
      id: `${id}/body-type`,
      about: 'a body that is no JSON by its content type is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'application/json; charset=iso-8859-1',
        ]) {
          const answer = await requests.send(base, { headers: { 'content-type': type } });
          expectProblem(answer, operation, { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' }, `Content-Type: ${type}`);
        }
      },
    },
    {
      id: `${id}/body-too-large`,
      about: 'a body above the limit is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const answer = await requests.send(base, { body: { tooLarge } });
        expectProblem(answer, operation, { status: 413, code: 'BODY_TOO_LARGE' }, 'a body of 400 kB');
      },
    },
  ];
}

function queryChecks(operation: ContractOperation): Check[] {
  const { id, method, contract } = operation;
  const query = contract.schemas['query'];
  if (!query) return [];
  const { limit, cursor } = query.properties ?? {};
  return [
    {
      id: `${id}/query-invalid`,
      about: 'an unknown or invalid query parameter is refused',
      run: async ({ requests }) => {
        const base = await requests.base(operation);
        const refuse = async (name: string, value: string): Promise<void> =>
          expectProblem(
            await requests.send(base, { query: { [name]: value } }),
            operation,
            { ...invalid, pointer: `/${name}` },
            `${method} with ?${name}=${value}`,
          );
        await refuse('unheardOf', '1');
        if (limit) for (const value of ['0', '101', '1e1', '-1', 'ten', '']) await refuse('limit', value);
      },
    },
    ...(cursor
      ? [
          {
            id: `${id}/cursor-forged`,
            about: 'a cursor that the service has not made is refused',
            run: async ({ requests }) => {
              const base = await requests.base(operation);
              for (const value of ['eyJhIjoxfQ', 'a.b', randomUUID()]) {
                const answer = await requests.send(base, { query: { cursor: value } });
                expectProblem(answer, operation, { status: 400, code: 'CURSOR_INVALID' }, `?cursor=${value}`);
              }
            },
          } satisfies Check,
        ]
      : []),
  ];
}

function pathChecks(operation: ContractOperation): Check[] {
  const { id, path } = operation;
  const names = placeholdersOf(path);
  if (names.length === 0) return [];
  const withId = (value: string): string => path.replace(/\{\w+\}/g, value);
  return [
    {
      id: `${id}/id-invalid`,
      about: 'an id that is no UUID is refused',
      run: async ({ requests }) => {
        const answer = await requests.send(await requests.base(operation), { path: withId('not-an-id') });
        expectProblem(answer, operation, { ...invalid, pointer: `/${names[0]}` }, `${withId('not-an-id')}`);
      },
    },
    {
      id: `${id}/id-unknown`,
      about: 'an id that nothing has is not found',
      run: async ({ requests }) => {
        const answer = await requests.send(await requests.base(operation), { path: withId(randomUUID()) });
        expectProblem(answer, operation, { status: 404, code: 'NOT_FOUND' }, withId('<a new UUID>'));
      },
    },
  ];
}
