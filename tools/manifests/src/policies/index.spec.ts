import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from '../exceptions.js';
import type { Rendered } from '../objects.js';
import { overlays, render } from '../render.js';
import { shapes } from '../testing/shapes.js';
import { withKubectl } from '../testing/with-kubectl.js';
import { policies } from './index.js';

withKubectl('the overlays keep to every policy', () => {
  describe.each(overlays)('%s', (overlay) => {
    let rendered: Rendered;
    beforeAll(() => (rendered = render(overlay)));
    test.each(policies(shapes).map((policy) => [policy.name, policy] as const))('%s', (_, policy) => {
      expect(judge(rendered, [policy]).findings).toEqual([]);
    });
  });
});

// demo
test('every policy has planted violations in a spec beside it', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^(?!index|policy)[\w-]+\.ts$/.test(name));
  expect(files).toHaveLength(policies(shapes).length);
  expect(files.filter((name) => !existsSync(join(import.meta.dirname, name.replace(/\.ts$/, '.spec.ts'))))).toEqual([]);
});
// end demo
