import { withoutUnusedImports } from './unused-imports.js';

test('what nothing uses goes, in lists and as a whole; the rest stays as it is', () => {
  const text = `import 'side-effect';
import a from 'a';
import * as b from 'b';
import { c, type D, e } from 'c';

export const x: D = [a, c];
`;
  expect(withoutUnusedImports('x.ts', text)).toBe(`import 'side-effect';
import a from 'a';
import { c, type D } from 'c';

export const x: D = [a, c];
`);
});
