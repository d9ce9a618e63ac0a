import { withoutDeadLinks } from './dead-links.js';

test.each([
  ['a file that is there', 'see [here](../a.md#x).', 'see [here](../a.md#x).'],
  ['a file that is gone', 'see [`b` here](b.md#y), and [a](../a.md).', 'see `b` here, and [a](../a.md).'],
  ['another site', '[x](https://example.org/b.md)', '[x](https://example.org/b.md)'],
])('%s', (_, text, rest) => {
  expect(withoutDeadLinks('docs/page.md', text, (path) => path === 'a.md')).toBe(rest);
});
