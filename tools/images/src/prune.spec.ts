import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { prune } from './prune.js';

let root: string;
let out: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prune-'));
  out = join(root, 'out');
  write('node_modules/literal/package.json', { name: 'literal', version: '1.0.0', main: 'index.js' });
  write('node_modules/literal/index.js', "// require('commented-out')\nmodule.exports = require('./used');");
  write('node_modules/literal/used.js', 'module.exports = 1;');
  write('node_modules/literal/unused.js', 'module.exports = 2;');
  write('node_modules/literal/index.d.ts', 'export {};');
  write('node_modules/literal/LICENSE', 'MIT');
  write('libs/greet/package.json', {
    name: '@causeway/greet',
    version: '0.0.0',
    type: 'module',
    exports: { '.': { '@causeway/source': './src/index.ts', default: './dist/index.js' } },
    dependencies: { literal: '1.0.0' },
  });
  write('libs/greet/dist/index.js', "export * as number from 'literal';");
  write('libs/greet/dist/testing.js', "export * from 'only-for-tests';");
  write('libs/greet/migrations/1_first/migration.sql', 'SELECT 1');
  write('apps/hello/package.json', {
    name: '@causeway/hello',
    version: '0.0.0',
    type: 'module',
    dependencies: { '@causeway/greet': '*' },
    devDependencies: { 'only-for-tests': '1.0.0' },
  });
  write('apps/hello/dist/main.js', "const { number } = await import('@causeway/greet');");
  write('apps/hello/dist/adapters/greet.sql', 'SELECT 1');
  write('apps/hello/prisma/migrations/1_first/migration.sql', 'SELECT 1');
  mkdirSync(join(root, 'node_modules/@causeway'), { recursive: true });
  symlinkSync('../../libs/greet', join(root, 'node_modules/@causeway/greet'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | object): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

const pruneHello = () => prune({ root, workspace: 'apps/hello', out });
const filesOf = (part: 'dependencies' | 'application'): string[] =>
  readdirSync(join(out, part), { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(out, part, path)).isFile())
    .sort();

test('a package whose files name what they load is reduced to the files that are reached, and its licence', () => {
  expect(pruneHello()).toMatchObject({ packages: ['literal@1.0.0'], entries: ['literal'] });
  expect(filesOf('dependencies')).toEqual(
    ['LICENSE', 'index.js', 'package.json', 'used.js'].map((name) => join('node_modules/literal', name)),
  );
});

test('own code comes with its migrations and repeatable scripts, without what only tests load, and libraries become packages', () => {
  pruneHello();
  expect(filesOf('application')).toEqual([
    'dist/adapters/greet.sql',
    'dist/main.js',
    'node_modules/@causeway/greet/dist/index.js',
    'node_modules/@causeway/greet/migrations/1_first/migration.sql',
    'node_modules/@causeway/greet/package.json',
    'package.json',
    'prisma/migrations/1_first/migration.sql',
  ]);
});

test.each([
  ['computes a name', 'module.exports = require(process.argv[2]);'],
  ['looks around from where it is', "module.exports = require('fs').readdirSync(__dirname);"],
])('a package that %s stays whole, but for types and documentation', (_, text) => {
  write('node_modules/literal/index.js', text);
  write('node_modules/literal/README.md', '');
  write('node_modules/literal/test/big.js', '');
  pruneHello();
  expect(filesOf('dependencies').map((path) => path.split('/').at(-1))).toEqual([
    'LICENSE',
    'index.js',
    'package.json',
    'unused.js',
    'used.js',
  ]);
});

test('an optional peer that is installed for development stays out; one that is required comes along', () => {
  for (const name of ['optional-peer', 'required-peer']) {
    write(`node_modules/${name}/package.json`, { name, version: '1.0.0' });
    write(`node_modules/${name}/index.js`, '');
  }
  write('node_modules/literal/package.json', {
    name: 'literal',
    version: '1.0.0',
    peerDependencies: { 'optional-peer': '*', 'required-peer': '*' },
    peerDependenciesMeta: { 'optional-peer': { optional: true } },
  });
  write('node_modules/literal/index.js', "try { require('optional-peer') } catch {} require('required-peer');");
  expect(pruneHello().packages).toEqual(['literal@1.0.0', 'required-peer@1.0.0']);
});

test('a declared dependency that nothing imports stays out', () => {
  write('libs/greet/dist/index.js', 'export const number = 1;');
  expect(pruneHello().packages).toEqual([]);
});

test('our own import of something undeclared, or missing, is refused, and all of them are named', () => {
  write('node_modules/undeclared/package.json', { name: 'undeclared', version: '1.0.0' });
  write('node_modules/undeclared/index.js', '');
  write('apps/hello/dist/main.js', "import 'undeclared'; import './gone.js'; import 'literal';");
  expect(pruneHello).toThrow(
    /hello would be incomplete:\n {2}@causeway\/hello imports \.\/gone\.js, which is not installed\n {2}@causeway\/hello imports literal, which its package\.json does not declare\n.*undeclared/,
  );
});

test('a dependency that is installed inside a workspace is refused: its place in the image would change what is found', () => {
  write('libs/greet/node_modules/literal/package.json', { name: 'literal', version: '2.0.0' });
  write('libs/greet/node_modules/literal/index.js', '');
  expect(pruneHello).toThrow(/^literal is installed in libs\/greet\/node_modules\/literal, inside of a library,/);
});

test('an executable comes along with what it imports, and a package that is installed for the workspace alone', () => {
  write('apps/hello/package.json', {
    name: '@causeway/hello',
    version: '0.0.0',
    type: 'module',
    bin: { hello: './hello.mjs' },
    dependencies: { '@causeway/greet': '*', literal: '*', own: '*' },
  });
  write('apps/hello/hello.mjs', "import 'own'; await import(new URL('./dist/main.js', import.meta.url));");
  write('apps/hello/node_modules/own/package.json', { name: 'own', version: '1.0.0' });
  write('apps/hello/node_modules/own/index.js', '');
  expect(pruneHello().packages).toEqual(['literal@1.0.0', 'own@1.0.0']);
  expect(filesOf('application')).toContain('hello.mjs');
  expect(filesOf('dependencies')).toContain('node_modules/own/index.js');

  write('apps/hello/node_modules/literal/package.json', { name: 'literal', version: '2.0.0' });
  write('apps/hello/node_modules/literal/index.js', '');
  write('apps/hello/hello.mjs', "import 'literal';");
  expect(pruneHello).toThrow(/literal is installed in .*node_modules\/literal and .*: let all workspaces agree/);
});

test('every file and folder has the same time, so that the same input makes the same layer', () => {
  pruneHello();
  for (const part of ['dependencies', 'application'] as const) {
    for (const path of ['.', ...readdirSync(join(out, part), { recursive: true, encoding: 'utf8' })])
      expect([path, statSync(join(out, part, path)).mtimeMs]).toEqual([path, 0]);
  }
  expect(existsSync(join(out, 'application/dist/main.js'))).toBe(true);
});
