import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generated, withoutPadding } from './generated.js';
import { root } from './render.js';
import { withKubectl } from './testing/with-kubectl.js';

withKubectl('generated parts', () => {
  test('are what the contracts and manifests say; else run `npm run k8s:generate`', () => {
    for (const { file, text } of generated()) {
      expect([file, withoutPadding(readFileSync(join(root, file), 'utf8'))]).toEqual([file, withoutPadding(text)]);
    }
  });
});
