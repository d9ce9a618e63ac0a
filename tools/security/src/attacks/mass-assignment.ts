import type { Attack } from '../attack.js';
import { sendChanged, validRequest } from '../requests.js';

/** Fields that a client must not choose, with values that are found again in an answer. */
const fields: Readonly<Record<string, unknown>> = {
  id: '00000000-0000-4000-8000-00000000a77a',
  userId: '00000000-0000-4000-8000-00000000a77a',
  customerId: '00000000-0000-4000-8000-00000000a77a',
  role: 'operator-a77a',
  roles: ['operator-a77a'],
  scope: 'catalog:write-a77a',
  isAdmin: 'a77a',
  status: 'CONFIRMED-a77a',
  version: 77_077,
  price: 77_077,
  priceMinor: 77_077,
  unitPriceMinor: 77_077,
  totalMinor: 77_077,
  amountMinor: 77_077,
  currency: 'A7A',
  passwordHash: '$argon2id$a77a',
  emailVerified: 'a77a',
  createdAt: '1977-07-07T07:07:07.077Z',
};
const marks = /a77a|A7A|77077|1977-07-07/;
/** Fields that change every object of JavaScript, where somebody copies them. */
const prototypes = ['{"__proto__":{"a77a":1},', '{"constructor":{"prototype":{"a77a":1}},'];

/** Mass assignment (OWASP API3): a field of a body that nobody has declared changes nothing. */
export const massAssignment: Attack = {
  id: 'input/mass-assignment',
  about: 'fields that a client must not choose, in every object of every body',
  fast: true,
  run: async (system, found) => {
    for (const route of system.routes.filter(({ body }) => body)) {
      const request = await validRequest(system, route, await system.spare(route));
      const extra = Object.entries(fields).flatMap(([name, value]) =>
        variants(request.body, name, value).map((body) => ({ body })),
      );
      const polluted = prototypes.map((start) => ({ raw: start + JSON.stringify(request.body).slice(1) }));
      // A webhook of somebody else may have fields that we do not know.
      const isStrict = !('signed' in route && route.signed);
      for (const change of [...system.some(extra, 5), ...polluted]) {
        const { status, text } = await sendChanged(system, found, request, change);
        const sent = JSON.stringify(change).slice(0, 200);
        if (isStrict && status < 400) found(`${route.operationId}: ${sent} was accepted: ${status}`);
        if (status < 400 && marks.test(text))
          found(`${route.operationId}: ${sent} was taken over: ${text.slice(0, 200)}`);
      }
    }
  },
};

/** The body with one more field, in each of its objects that does not have it. */
function variants(body: unknown, name: string, value: unknown): unknown[] {
  if (Array.isArray(body))
    return body.flatMap((item, index) =>
      variants(item, name, value).map((changed) => body.with(index, changed) as unknown),
    );
  if (body === null || typeof body !== 'object') return [];
  const inner = Object.entries(body).flatMap(([key, each]) =>
    variants(each, name, value).map((changed) => ({ ...body, [key]: changed })),
  );
  return name in body ? inner : [{ ...body, [name]: value }, ...inner];
}
