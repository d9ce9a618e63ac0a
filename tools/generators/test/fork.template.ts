import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, run } from '@causeway/launcher/run';

// The tests are steps of one life, in this order.
const template = fileURLToPath(new URL('../../..', import.meta.url));
let folder: string;
let fork: string;

const git = (...args: string[]) => output(['git', '-C', fork, ...args]);
/** Runs a command in the fork, and shows the end of what it said when it fails. */
const inFork = async (command: readonly [string, ...string[]]): Promise<string> => {
  const { code, stdout, stderr } = await run(command, { cwd: fork, timeoutMs: 1_500_000 });
  if (code !== 0) throw new Error(`${command.join(' ')} failed (${code}):\n${(stdout + stderr).slice(-6_000)}`);
  return stdout;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-fork-'));
  fork = join(folder, 'shop');
  await output(['git', 'clone', '--quiet', '--no-hardlinks', template, fork]);
  await git('config', 'user.name', 'Ada');
  await git('config', 'user.email', 'ada@shop.example');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a clone is set up', async () => {
  await inFork([process.execPath, 'tools/bootstrap.mjs']);
  expect(await git('status', '--porcelain')).toBe('');
});

describe('renamed', () => {
  const rename = (...args: string[]) => inFork(['npx', '--no-install', 'causeway', 'rename', ...args]);

  test('what would change is listed, and nothing does', async () => {
    const said = await rename('acmeshop', '--title', 'Acme Shop', '--dry-run');
    expect(said).toMatch(/^UPDATE package\.json$/m);
    expect(said).toMatch(/^CREATE tools\/cli\/acmeshop\.mjs$/m);
    expect(await git('status', '--porcelain')).toBe('');
  });

  test('a name that cannot be, and changes that git could not tell apart, are refused', async () => {
    await expect(rename('order')).rejects.toThrow(/"order" means something to PostgreSQL/);
    await expect(rename('acme-shop')).rejects.toThrow(/must be one word/);
    await output(['sh', '-c', 'echo draft > draft.txt'], { cwd: fork });
    await expect(rename('acmeshop')).rejects.toThrow(/changes that are not committed/);
    rmSync(join(fork, 'draft.txt'));
    expect(await git('status', '--porcelain')).toBe('');
  });

  test('nothing is left of the old name but the licence and a line in the changelog', async () => {
    await rename('acmeshop', '--title', 'Acme Shop');
    await git('add', '--all');
    expect((await git('grep', '--cached', '-il', 'causeway')).split('\n').sort()).toEqual(['CHANGELOG.md', 'LICENSE']);
    expect(await git('ls-files')).not.toMatch(/causeway/i);
    expect(readFileSync(join(fork, 'CHANGELOG.md'), 'utf8')).toBe(
      '# Changes\n\n- Made from the template Causeway; Acme Shop from here on.\n',
    );
    await git('commit', '--quiet', '--message', 'Our name');
  });

  test('it starts, and an order is confirmed', async () => {
    const said = await inFork(['npm', 'start', '--', '--demo-only']);
    expect(said).toContain('Acme Shop');
    expect(said).toContain('CONFIRMED');
    expect(await git('status', '--porcelain')).toBe('');
  });

  test('its tests pass', async () => {
    await inFork([process.execPath, 'tools/bootstrap.mjs']);
    const said = await inFork([
      'npm',
      'test',
      '--',
      'tools/checks',
      'tools/generate/',
      'tools/manifests',
      'libs/',
      'apps/',
    ]);
    expect(said).toMatch(/[1-9]\d* passed, 0 failed/);
  });

  test('and back: the same tree as before, but for the changelog', async () => {
    await inFork(['npx', '--no-install', 'acmeshop', 'rename', 'causeway']);
    await git('add', '--all');
    expect(await git('diff', '--cached', '--name-only', 'HEAD~1')).toBe('CHANGELOG.md');
    await git('reset', '--quiet', '--hard');
  });
});
