import { UnexpectedResponse } from './customer.js';
import { patiently } from './patience.js';

/** A step that is answered with each of these in turn, then succeeds. */
function answering(...statuses: number[]) {
  const left = [...statuses];
  return () => {
    const status = left.shift();
    return status === undefined
      ? Promise.resolve('done')
      : Promise.reject(new UnexpectedResponse('GET /x', status, ''));
  };
}
const lines: string[] = [];
const options = { withinMs: 60_000, say: (line: string) => void lines.push(line) };
beforeEach(() => void lines.splice(0));

test('a step that is answered late or not at all is repeated, and says so', async () => {
  await expect(patiently(answering(504, 503), options)).resolves.toBe('done');
  expect(lines.map((line) => /answered \d+/.exec(line)?.[0])).toEqual(['answered 504', 'answered 503']);
});

test.each([401, 409, 422, 500])('a step that is answered with %d is not repeated', async (status) => {
  await expect(patiently(answering(status), options)).rejects.toThrow(`answered ${status}`);
  expect(lines).toEqual([]);
});

test('patience ends', async () => {
  await expect(patiently(answering(504, 504, 504), { ...options, withinMs: -1 })).rejects.toThrow('answered 504');
});
