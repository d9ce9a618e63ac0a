import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kubectlAvailable } from '@causeway/manifests';
import { describeWhen } from '@causeway/testkit/describe-when';
import { renderedStage, stages } from './files.js';
import { read, root, type GeneratedFile } from './generated-file.js';

const stale = (files: readonly GeneratedFile[]): string[] =>
  files.filter(({ file, text }) => !existsSync(join(root, file)) || read(file) !== text).map(({ file }) => file);

test('generated files are current; run `npm run generate`', async () => {
  const files = await Promise.all(stages.map((stage) => stage()));
  expect(stale(files.flat())).toEqual([]);
});

describeWhen(kubectlAvailable(), {
  missing: 'there is no kubectl on the PATH',
  remedy: 'install it: https://kubernetes.io/docs/tasks/tools',
})('tables of the rendered manifests', () => {
  test('are current; run `npm run generate`', async () => {
    expect(stale(await renderedStage())).toEqual([]);
  });
});
