import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { howToInstallKubectl, provideKubectl } from '@causeway/manifests';
import { describeWhen } from '@causeway/testkit/describe-when';
import { renderedStage, stages } from './files.js';
import { read, root, type GeneratedFile } from './generated-file.js';

const stale = (files: readonly GeneratedFile[]): string[] =>
  files.filter(({ file, text }) => !existsSync(join(root, file)) || read(file) !== text).map(({ file }) => file);

test('generated files are current; run `npm run generate`', async () => {
  const files = await Promise.all(stages.map((stage) => stage()));
  expect(stale(files.flat())).toEqual([]);
});

const missing = await provideKubectl();
describeWhen(missing === undefined, { missing: missing ?? '', remedy: howToInstallKubectl })(
  'tables of the rendered manifests',
  () => {
    test('are current; run `npm run generate`', async () => {
      expect(stale(await renderedStage())).toEqual([]);
    });
  },
);
