import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { root } from './repository.js';

/** Each ```ts block of a README or guide becomes a module beside it, so that it sees what a reader's file would see. */
const documents = globSync(join(root, '{{apps,libs,tools}/*/README.md,docs/guides/*.md}'));
const examples = documents.flatMap((document) =>
  [...readFileSync(document, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code], index) => ({
    document,
    index,
    code: code!,
  })),
);
const fileOf = ({ document, index }: { document: string; index: number }) =>
  join(dirname(document), `.readme-example-${basename(document, '.md')}-${index + 1}.ts`);
const config = join(root, 'tools/checks/.readme-examples.tsconfig.json');

afterAll(() => {
  for (const example of examples) rmSync(fileOf(example), { force: true });
  rmSync(config, { force: true });
});

test('there are examples', () => expect(examples.length).toBeGreaterThan(5));

test('every example in a README or guide compiles', async () => {
  mkdirSync(dirname(config), { recursive: true });
  for (const example of examples) writeFileSync(fileOf(example), `${example.code}\nexport {};\n`);
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      files: examples.map(fileOf),
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const output = await promisify(execFile)(
    process.execPath,
    [tsc, '--noEmit', '--pretty', 'false', '--project', config],
    { cwd: root },
  ).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  expect(output.replaceAll(`${relative(process.cwd(), root)}/`, '')).toBe('');
}, 120_000);
