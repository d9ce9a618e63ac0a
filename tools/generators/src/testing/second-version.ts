import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { output } from '@causeway/launcher/run';

/** What the second version moves, and where to. */
export const movedFile = { from: 'tools/cli/src/output/duration.ts', to: 'tools/cli/src/text/duration.ts' };
export const changedLibrary = 'libs/resilience/src/jitter.ts';
export const newCheck = 'tools/checks/src/licences.spec.ts';
export const changedMigration = 'apps/user/prisma/migrations/20261121090000_users/migration.sql';
export const newMigration = 'apps/user/prisma/migrations/20991231000000_second_version/migration.sql';

const check = `import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';

test('every package of this repository has a licence', () => {
  const packages = globSync(join(root, '{apps,libs,tools}/*/package.json'));
  expect(packages.length).toBeGreaterThan(10);
  for (const file of packages) expect([file, readFileSync(file, 'utf8')]).toEqual([file, expect.stringMatching(/"license"/)]);
});
`;

const nxMigration = `import { updateJson } from '@nx/devkit';

/** Marks every service, also those that the template does not know. */
export default function markServices(tree) {
  for (const name of tree.children('apps')) {
    const file = \`apps/\${name}/package.json\`;
    if (tree.exists(file)) updateJson(tree, file, (json) => ({ ...json, keywords: ['second-version'] }));
  }
}
`;

/**
 * Releases a second version in a clone of the template: a changed library, a moved file, a new check, a new migration
 * and one that should not have been changed, and an Nx migration. Tags both versions: \`v1\`, \`v2\`.
 */
export async function releaseSecondVersion(template: string): Promise<void> {
  const git = (...args: string[]) => output(['git', '-C', template, ...args]);
  const edit = (file: string, change: (text: string) => string): void => {
    const text = readFileSync(join(template, file), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`${file} is not as this test expects it`);
    writeFileSync(join(template, file), changed);
  };
  const add = (file: string, text: string): void => {
    mkdirSync(dirname(join(template, file)), { recursive: true });
    writeFileSync(join(template, file), text);
  };
  await git('tag', 'v1');

  edit(
    changedLibrary,
    (text) =>
      `${text}\n/** Half of the delay is certain. Added by the second version. */\nexport const leastDelayMs = (delayMs: number): number => delayMs / 2;\n`,
  );
  mkdirSync(dirname(join(template, movedFile.to)), { recursive: true });
  renameSync(join(template, movedFile.from), join(template, movedFile.to));
  for (const file of globSync('tools/cli/**/*.ts', {
    cwd: template,
    exclude: (name) => /node_modules|dist/.test(name),
  }))
    if (readFileSync(join(template, file), 'utf8').includes('output/duration.js'))
      edit(file, (text) => text.replaceAll('output/duration.js', 'text/duration.js'));
  add(newCheck, check);
  edit(changedMigration, (text) => `-- Better.\n${text}`);
  add(newMigration, "COMMENT ON TABLE users IS 'Second version';\n");
  add(
    'tools/generators/src/migrations/mark-services.ts',
    nxMigration.replace('(tree)', '(tree: Tree)').replace('{ updateJson }', '{ updateJson, type Tree }'),
  );
  const description = 'Marks every service';
  const entry = { version: '2.0.0', description, implementation: './dist/migrations/mark-services.js' };
  edit('tools/generators/migrations.json', (text) => {
    const json = JSON.parse(text) as { generators: Record<string, unknown> };
    return `${JSON.stringify({ ...json, generators: { ...json.generators, 'mark-services': entry } }, null, 2)}\n`;
  });
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Second version');
  await git('tag', 'v2');
}
