import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SealedTable } from '@causeway/persistence';
import { root } from './repository.js';

/**
 * Columns that end in `_sealed`, `users.email_sealed`. JWE, which only another service opens, has a key of that service and
 * says so in the comment.
 */
const sealedIn = (schema: string): string[] =>
  [...schema.matchAll(/^model \w+ \{([^]*?)^\}/gm)].flatMap(([, body = '']) => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1];
    return [...body.matchAll(/((?: *\/\/\/.*\n)*) *\w+ .*@map\("(\w+_sealed)"\)/g)]
      .filter(([, comment]) => !comment?.includes('JWE'))
      .map(([, , column]) => `${table}.${column}`);
  });

const schemas = globSync('apps/*/prisma/schema.prisma', { cwd: root });

test.each(schemas)('every sealed column of %s is in the list that key rotation works through', async (schema) => {
  const columns = sealedIn(readFileSync(join(root, schema), 'utf8'));
  const list = join(root, dirname(dirname(schema)), 'src/sealed-tables.ts');
  const { sealedTables } = existsSync(list)
    ? ((await import(list)) as { readonly sealedTables: readonly SealedTable[] })
    : { sealedTables: [] };
  const listed = sealedTables
    .filter(({ table }) => !table.startsWith('causeway.'))
    .flatMap(({ table, columns: own }) => Object.keys(own).map((column) => `${table}.${column}`));
  expect(listed.sort()).toEqual(columns.sort());
});

test('a sealed column is found in a schema', () => {
  const schema =
    'model A {\n  x String @id\n  yB String? @map("y_b_sealed")\n  /// JWE of b\n  z String @map("z_sealed")\n  @@map("as")\n}\n';
  expect(sealedIn(schema)).toEqual(['as.y_b_sealed']);
});

test('a service with field keys can exchange them', () => {
  const configs = globSync('apps/*/src/config.ts', { cwd: root }).filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('...fieldKeySettings'),
  );
  expect(configs.length).toBeGreaterThan(0);
  const without = configs.filter(
    (file) => !readFileSync(join(root, dirname(file), 'service.ts'), 'utf8').includes('sealed: () => import('),
  );
  expect(without).toEqual([]);
});
