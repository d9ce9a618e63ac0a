import { etag, parseIfMatch } from './versions.js';

test('a version survives its entity tag', () => {
  expect(parseIfMatch(etag(7))).toBe(7);
  expect(parseIfMatch([etag(7)])).toBe(7);
});

test.each([undefined, '', '  ', []])('%j: If-Match is required', (header) => {
  expect(() => parseIfMatch(header)).toThrow(expect.objectContaining({ code: 'IF_MATCH_REQUIRED' }));
});

test.each(['*', '7', 'W/"7"', '"7", "8"', '"x"', '"-1"', '"1.5"', '"07"', '"9999999999999999"'])(
  '%s matches nothing',
  (header) => {
    expect(() => parseIfMatch(header)).toThrow(expect.objectContaining({ code: 'VERSION_STALE' }));
  },
);
