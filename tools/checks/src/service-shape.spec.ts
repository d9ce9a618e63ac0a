import { serviceNames } from '@causeway/system';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { root, sourceFiles } from './repository.js';

// The table of docs/decisions/0022-shape-of-a-service.md, as far as a check can see it.

const inSource = (service: string, file: string): boolean => existsSync(join(root, 'apps', service, 'src', file));

test.each(serviceNames)('%s has the files that every service has, and no other name for the same job', (service) => {
  const required = ['main.ts', 'service.ts', 'config.ts', 'app.module.ts'];
  const otherNames = ['version.ts', 'lifecycle.ts', 'configure-http.ts', 'settings.ts', 'module.ts', 'bootstrap.ts'];
  expect(required.filter((file) => !inSource(service, file))).toEqual([]);
  expect(otherNames.filter((file) => inSource(service, file))).toEqual([]);
  expect(inSource(service, 'migrations.ts')).toBe(existsSync(join(root, 'apps', service, 'prisma')));
});

test.each(serviceNames)('main.ts of %s is one call', (service) => {
  const main = readFileSync(join(root, 'apps', service, 'src/main.ts'), 'utf8');
  expect(main.split('\n').filter((line) => line !== '' && !line.startsWith('import '))).toEqual([
    'await runService(service);',
  ]);
});

test.each(serviceNames)('the README of %s is one screen and starts with a reading path of five stops', (service) => {
  const readme = readFileSync(join(root, 'apps', service, 'README.md'), 'utf8');
  const [, path = ''] = /\n## Reading path\n([^]*?)(?:\n## |$)/.exec(readme) ?? [];
  expect(path.match(/^\d\. \[`[^\]]+`\]\(/gm)).toHaveLength(5);
  expect(readme.split('\n').length).toBeLessThanOrEqual(70);
});

test('folder test/ of a service holds specs alone; doubles and fixtures are in src/testing', () => {
  const others = globSync(join(root, 'apps/*/test/**/*.ts')).filter((path) => !/\.(spec|browser)\.ts$/.test(path));
  expect(others.map((path) => relative(root, path))).toEqual([]);
});

test('a class Pg… or Prisma… is in a file of its name, and such a file has such a class', () => {
  const wrong = sourceFiles(['apps']).flatMap((path) => {
    const prefixes = [...readFileSync(path, 'utf8').matchAll(/^export class (Pg|Prisma)[A-Z]/gm)].map(([, name]) =>
      name!.toLowerCase(),
    );
    const named = /^(pg|prisma)-/.exec(basename(path))?.[1];
    const fits = named === undefined ? prefixes.length === 0 : prefixes.includes(named);
    return fits || path.endsWith('.spec.ts') ? [] : [relative(root, path)];
  });
  expect(wrong).toEqual([]);
});

test('a transaction is called …Transaction, and a module factory forRoot', () => {
  const wrong = sourceFiles(['apps', 'libs']).flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return [
      ...text.matchAll(/\b(?:interface|type|class) (\w*Tx)\b/g),
      ...(path.endsWith('.module.ts') ? text.matchAll(/^ {2}static (?!forRoot\b)(\w+)\(/gm) : []),
    ].map(([, name]) => `${relative(root, path)} ${name}`);
  });
  expect(wrong).toEqual([]);
});

/** Statements in the strings of a source file that begin with a keyword in lower case, or have one after a name in capitals. */
const lowerCaseSql = (text: string): string[] =>
  [
    ...text
      .replace(/\/\*[^]*?\*\/|^\s*\/\/.*/gm, '')
      .matchAll(/(['"`])\s*((?:select|insert into|update|delete from|create table|with) [a-z_"*($][^'"`]*)/g),
  ]
    .map(([, , statement]) => statement!)
    .filter((statement) => /\b(from|set|values|where|as|on|returning)\b/.test(statement));

test('SQL keywords are in upper case', () => {
  expect(lowerCaseSql("sql.query('select id from orders where id = $1')")).toHaveLength(1);
  expect(lowerCaseSql("sql.query('SELECT id FROM orders')")).toEqual([]);
  const found = sourceFiles(['apps', 'libs'])
    .filter((path) => /\bquery\(|\bsql\b/i.test(readFileSync(path, 'utf8')))
    .flatMap((path) =>
      lowerCaseSql(readFileSync(path, 'utf8')).map((sql) => `${relative(root, path)}: ${sql.slice(0, 60)}`),
    );
  expect(found).toEqual([]);
});
