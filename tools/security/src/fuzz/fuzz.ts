import fc, { type Arbitrary } from 'fast-check';
import { pathParametersOf, type RouteDefinition } from '@causeway/contracts';
import type { ApiDocument, DocumentedParameter } from '../api-document.js';
import type { Attack } from '../attack.js';
import { sendChanged, validRequest, type RequestChange, type ValidRequest } from '../requests.js';
import { almostValid, anything, valid } from './arbitraries.js';
import { tooSlow } from './too-slow.js';

/** Requests for each operation, thorough and not. */
const runs = { thorough: 100, fast: 4 } as const;

/** Sends valid and almost valid requests of an operation, made from the API document that the gateway serves. */
export const fuzzOf = (route: RouteDefinition): Attack => ({
  id: `fuzz/${route.operationId}`,
  about: `${route.method.toUpperCase()} ${route.path} with valid and almost valid requests`,
  fast: true,
  run: async (system, found) => {
    const person = await system.spare(route);
    let request = await validRequest(system, route, person);
    const numRuns = system.runs ?? (system.thorough ? runs.thorough : runs.fast);
    const property = fc.asyncProperty(requests(system.document, route, request), async (change) => {
      // Each change makes the next version.
      if (route.versioned) request = await validRequest(system, route, person);
      const faults: string[] = [];
      const note = (fault: string): void => void faults.push(fault);
      const answer = await sendChanged(system, note, request, change);
      const slow = await tooSlow(
        answer.ms,
        () => sendChanged(system, note, request, change),
        () => system.http.send({ method: 'GET', path: '/v1/users/me' }),
      );
      if (slow !== undefined) note(slow);
      if (faults.length > 0) throw new Error(faults.join('; '));
    });
    // A failing request is made smaller, which costs further ones: bounded, too.
    const result = await fc.check(property, { seed: system.seed, numRuns, interruptAfterTimeLimit: 120_000 });
    if (!result.failed) return;
    const [smallest] = (result.counterexample ?? []) as readonly unknown[];
    const reason = (result.errorInstance as Error | null)?.message ?? 'it was interrupted';
    found(
      `${reason} (after ${result.numShrinks} steps: ${JSON.stringify(smallest)?.slice(0, 300)}; again with --seed ${system.seed})`,
    );
  },
});

function requests(
  document: ApiDocument,
  route: RouteDefinition,
  { path, body: example }: ValidRequest,
): Arbitrary<RequestChange> {
  const declared = document.parameters(route);
  const body = document.body(route);
  const bodies = body
    ? fc.oneof(
        { weight: 4, arbitrary: valid(document, body.schema, example).map((made) => ({ body: made })) },
        { weight: 6, arbitrary: almostValid(document, body.schema, example).map((made) => ({ body: made })) },
        { weight: 1, arbitrary: anything.map((made) => ({ body: made })) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((made) => ({ raw: Buffer.from(made) })) },
      )
    : fc.constant({});
  return fc
    .record({
      path: paths(
        route,
        path,
        declared.filter((each) => each.in === 'query'),
        document,
      ),
      headers: headers(declared.filter((each) => each.in === 'header' && each.name !== 'PSP-Signature')),
      content: bodies,
    })
    .map(({ content, ...head }) => ({ ...head, ...content }));
}

/** The path of the valid request, now and then with other ids; any query. */
function paths(
  { path: template }: RouteDefinition,
  path: string,
  query: readonly DocumentedParameter[],
  document: ApiDocument,
): Arbitrary<string> {
  const segments = template.split('/').map((segment, index) => {
    const own = fc.constant(path.split('/')[index] ?? '');
    if (pathParametersOf(segment).length === 0) return own;
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
      .map((each) => encodeURIComponent(each.toWellFormed()));
    return fc.oneof({ weight: 6, arbitrary: own }, { weight: 2, arbitrary: fc.uuid() }, { weight: 1, arbitrary: text });
  });
  const values = query.map(({ name, schema }) =>
    fc
      .oneof(valid(document, schema), anything)
      .map(
        (value) =>
          `${name}=${encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed().slice(0, 1_000))}`,
      ),
  );
  const queries = fc
    .subarray(values.map((_, index) => index))
    .chain((chosen) => fc.tuple(...chosen.map((index) => values[index]!)));
  return fc
    .tuple(fc.tuple(...segments), queries)
    .map(([parts, given]) => parts.join('/') + (given.length > 0 ? `?${given.join('&')}` : ''));
}

/** Headers that the operation knows, with what a header can hold. */
function headers(declared: readonly DocumentedParameter[]): Arbitrary<Record<string, string>> {
  const value = fc.oneof(
    fc.constantFrom('"1"', '"0"', '*', 'W/"1"', '"1", "2"', '1', '"99999999999999999999"', '', '-1', '0', '1.5', '1e9'),
    fc.string({ unit: fc.constantFrom(...'aZ09 !"#%&\'()*,-./:;<=>?@[]^_`{|}~'), maxLength: 200 }),
  );
  const fields = declared
    // A deadline that is shorter than the work is answered with 504, as it should be.
    .filter(({ name }) => name !== 'causeway-deadline-ms')
    .map(({ name }): [string, Arbitrary<string>] => [name.toLowerCase(), value]);
  // Mostly as they are in the valid request.
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: [] }) },
  ) as Arbitrary<Record<string, string>>;
}
