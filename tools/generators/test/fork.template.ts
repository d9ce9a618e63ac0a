import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fork } from '../src/testing/fork.js';
import { updateThatIsAborted, updateToSecondVersion } from '../src/testing/update-walk.js';

// The tests are steps of one life, in this order. Whoever changes the repository commits first: a fork is a clone.
let fork: Fork;

beforeAll(async () => {
  fork = await Fork.clone();
});
afterAll(() => fork.remove());

// In two pieces: renamed back, this file must be what it was. As long as the template's: tables keep their widths.
const [name, title] = [['book', 'shop'].join(''), ['Book', 'Shop'].join(' ')];
const shop = (...args: string[]) => fork.exec('npx', '--no-install', name, ...args);
const manifests = ['tools/manifests/src/policies', 'tools/manifests/src/budget', 'tools/manifests/src/typed'];

/** What must be true after every step: it builds, the tests pass, an order is confirmed, the manifests are valid. */
async function stands(...tests: string[]): Promise<void> {
  await fork.exec(process.execPath, 'tools/bootstrap.mjs');
  const tested = await fork.exec('npm', 'test', '--', ...manifests, 'tools/generate/src', 'tools/checks', ...tests);
  expect(tested).toMatch(/[1-9]\d* passed, 0 failed/);
  expect(await fork.exec('npm', 'start', '--', '--demo-only')).toContain('CONFIRMED');
  expect(await fork.changes()).toBe('');
}

test('a clone is set up', async () => {
  await fork.exec(process.execPath, 'tools/bootstrap.mjs');
  expect(await fork.changes()).toBe('');
});

describe('renamed', () => {
  const rename = (...args: string[]) => fork.exec('npx', '--no-install', 'causeway', 'rename', ...args);

  test('what would change is listed, and nothing does', async () => {
    const said = await rename(name, '--title', title, '--dry-run');
    expect(said).toMatch(/^UPDATE package\.json$/m);
    expect(said).toMatch(new RegExp(`^CREATE tools/cli/${name}\\.mjs$`, 'm'));
    expect(await fork.changes()).toBe('');
  });

  test('a name that cannot be, and changes that git could not tell apart, are refused', async () => {
    await expect(rename('order')).rejects.toThrow(/"order" means something to PostgreSQL/);
    await expect(rename('acme-shop')).rejects.toThrow(/must be one word/);
    fork.write('draft.txt', 'draft');
    await expect(rename(name)).rejects.toThrow(/changes that are not committed/);
    await rm(join(fork.root, 'draft.txt'));
    expect(await fork.changes()).toBe('');
  });

  test('nothing is left of the old name but the licence and a line in the changelog', async () => {
    await rename(name, '--title', title);
    await fork.git('add', '--all');
    expect((await fork.git('grep', '--cached', '-il', 'causeway')).split('\n').sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
    ]);
    expect(await fork.git('ls-files')).not.toMatch(/causeway/i);
    expect(fork.read('CHANGELOG.md')).toBe(`# Changes\n\n- Made from the template Causeway; ${title} from here on.\n`);
    await fork.commit('Our name');
  });

  test('it stands', async () => {
    await stands('libs/', 'apps/');
    expect(await fork.exec('npm', 'start', '--', '--demo-only')).toContain(title);
  });

  test('and back: the same tree as before, but for the changelog and the record', async () => {
    await shop('rename', 'causeway');
    await fork.git('add', '--all');
    const changed = (await fork.git('diff', '--cached', '--name-only', 'HEAD~1')).split('\n');
    expect(changed).toEqual(['.causeway-template.json', 'CHANGELOG.md']);
    await fork.git('reset', '--quiet', '--hard');
    await fork.exec(process.execPath, 'tools/bootstrap.mjs');
  });
});

describe('with a service of its own', () => {
  test('that hears when an order is confirmed, and says that it has sent an invoice', async () => {
    await shop(
      ...['new', 'service', 'invoice', '--database', '--http'],
      ...['--publishes', 'invoice.evt.sent.v1', '--consumes', 'order.evt.confirmed.v1'],
    );
    await fork.commit('A service for invoices');
    await stands('apps/invoice', 'libs/contracts', 'tools/cli/src');
  });

  test('its event is in the story of an order', async () => {
    const { orderId, stop } = await runningShop();
    try {
      expect(await eventually(() => shop('order', orderId), /invoice\.evt\.sent\.v1/)).toMatch(/CONFIRMED/);
      expect(await shop('services')).toMatch(/^invoice\b/m);
    } finally {
      await stop();
    }
  });
});

test('a service that was generated and removed leaves nothing', async () => {
  await shop('new', 'service', 'scratch', '--database', '--publishes', 'scratch.evt.made.v1');
  await fork.commit('A try');
  expect(existsSync(join(fork.root, 'apps/scratch'))).toBe(true);
  await shop('remove', 'service', 'scratch');
  await fork.git('add', '--all');
  expect(await fork.git('diff', '--cached', '--name-only', 'HEAD~1')).toBe('');
  await fork.commit('It was only a try');
  await stands('libs/contracts');
});

describe('updated to a newer template', () => {
  // One of each kind that people change: what the update must keep, beside the two files that the template changes too.
  const edited = [
    'README.md',
    'docs/guides/laptop.md',
    'apps/order/README.md',
    'apps/user/src/users/common-passwords.ts',
    'apps/invoice/README.md',
    'libs/errors/src/codes.ts',
    'tools/kind/README.md',
    'k8s/base/service/deployment.yaml',
    '.github/workflows/deliver.yml',
    'docker/README.md',
  ];
  const line = (file: string) =>
    file.endsWith('.md') ? '\nOurs.\n' : file.endsWith('.ts') ? '\n// Ours.\n' : '\n# Ours.\n';

  test('after ten files were changed by hand', async () => {
    for (const file of edited) fork.write(file, fork.read(file) + line(file));
    expect((await fork.commit('Ten files by hand')).sort()).toEqual([...edited].sort());
  });

  test('what the template changed arrives, what the fork changed stays, and a second update is empty', async () => {
    const { said, again } = await updateToSecondVersion(fork, name);
    expect(said).toMatch(/is now v2/);
    expect(again).toMatch(/v2 is in this repository already; nothing has changed/);
    for (const file of edited) expect([file, fork.read(file).endsWith(line(file))]).toEqual([file, true]);
    await stands('libs/resilience', 'apps/invoice');
  });

  test('an update with a conflict can be given up', async () => {
    await updateThatIsAborted(fork, name);
  });

  test('a protection that is gone is named, and nothing else matters', async () => {
    expect(await shop('check')).toMatch(/nothing that matters differs/);
    await fork.git('rm', '--quiet', 'tools/checks/src/sessions.spec.ts');
    await fork.commit('One check less');
    await expect(shop('check')).rejects.toThrow(/tools\/checks\/src\/sessions\.spec\.ts/);
  });
});

/** Starts the system and waits for its demo. @returns an order that was confirmed, and what ends the system */
async function runningShop(): Promise<{ readonly orderId: string; readonly stop: () => Promise<void> }> {
  const child = spawn('npm', ['start'], { cwd: fork.root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  let said = '';
  try {
    const orderId = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const [, id] = /order\s+([0-9a-f-]{36})[^]*CONFIRMED/i.exec(said) ?? [];
        if (id !== undefined) resolve(id);
      });
      void ended.then(() => reject(new Error(`the system ended:\n${said.slice(-3_000)}`)));
    });
    return { orderId, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function eventually(say: () => Promise<string>, wanted: RegExp): Promise<string> {
  for (let tries = 0; ; tries++) {
    const said = await say();
    if (wanted.test(said) || tries === 60) return said;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
