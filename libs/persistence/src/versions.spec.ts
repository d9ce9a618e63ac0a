import { etag, parseIfMatch, versionIn } from './versions.js';

test('a version survives its entity tag', () => {
  expect(parseIfMatch(etag(7))).toEqual([7]);
  expect(parseIfMatch([etag(7)])).toEqual([7]);
});

test.each([undefined, '', '  ', []])('%j: If-Match is required', (header) => {
  expect(() => parseIfMatch(header)).toThrow(expect.objectContaining({ code: 'IF_MATCH_REQUIRED' }));
});

test.each([
  ['"0", "1"', [1]],
  ['"7","8"', [7, 8]],
  ['"7" , "7"', [7]],
  [', "7",, "8" ,', [7, 8]],
  ['\t"7"\t,\t"8"', [7, 8]],
  ['"a,b", W/"9", "7"', [7]],
  ['"\\", "7"', [7]],
])('any tag of the list %s may match', (header, versions) => {
  expect(parseIfMatch(header)).toEqual(versions);
});

test.each([
  'W/"7"',
  '""',
  '"x"',
  '"-1"',
  '"1.5"',
  '"07"',
  '"0"',
  '"+7"',
  '"é"',
  '"2147483647"',
  '"2147483648"',
  '"9999999999999999"',
])('%s is a tag that matches nothing', (header) => expect(parseIfMatch(header)).toEqual([]));

test.each([
  '7',
  '"7',
  '7"',
  '"7" "8"',
  '"7"; "8"',
  'w/"7"',
  'W/ "7"',
  '"7" x',
  '*, "7"',
  '**',
  '"a b"',
  "'7'",
  '"7"*',
  ',',
])('%s is no If-Match', (header) =>
  expect(() => parseIfMatch(header)).toThrow(expect.objectContaining({ code: 'MALFORMED_REQUEST' })),
);

test('* is whichever version is there', () => {
  expect(parseIfMatch(' * ')).toBe('any');
  expect(versionIn('any')).toEqual({});
  expect(versionIn([7, 8])).toEqual({ version: { in: [7, 8] } });
});

test('a long list costs no more than its length', () => {
  const tags = '"1",'.repeat(4_000);
  expect(parseIfMatch(tags)).toEqual([1]);
  expect(() => parseIfMatch(`${',\t'.repeat(8_000)}x`)).toThrow(expect.objectContaining({ code: 'MALFORMED_REQUEST' }));
});
