import { Fork } from '../src/testing/fork.js';
import { updateToSecondVersion } from '../src/testing/update-walk.js';

// The tests are steps of one life, in this order.
let fork: Fork;
beforeAll(async () => (fork = await Fork.clone()));
afterAll(() => fork?.remove());

const causeway = (...args: string[]) => fork.exec('npx', '--no-install', 'causeway', ...args);

test('a clone is set up', async () => {
  await fork.exec(process.execPath, 'tools/bootstrap.mjs');
  expect(await fork.changes()).toBe('');
});

describe('without the demo', () => {
  test('what would change is listed, and nothing does', async () => {
    const said = await causeway('strip-demo', '--dry-run');
    expect(said).toMatch(/^DELETE apps\/order\/src\/main\.ts$/m);
    expect(said).toMatch(/^UPDATE libs\/contracts\/src\/http\/routes\.ts$/m);
    expect(await fork.changes()).toBe('');
  });

  test('while a service hears the demo it is refused, and so is a tree with changes', async () => {
    const listens = fork
      .read('tools/system/src/services.ts')
      .replace("    name: 'user',", "    name: 'user',\n    listens: ['order.evt.confirmed.v1'],");
    fork.write('tools/system/src/services.ts', listens);
    await expect(causeway('strip-demo')).rejects.toThrow(/changes that are not committed/);
    await fork.commit('user hears orders');
    await expect(causeway('strip-demo')).rejects.toThrow(/services\.ts needs order\.evt\.confirmed\.v1/);
    expect(await fork.changes()).toBe('');
    await fork.git('reset', '--quiet', '--hard', 'HEAD~1');
  });

  test('it is removed, and little is left of its words', async () => {
    await causeway('strip-demo', '--service', 'core');
    const changed = await fork.commit('Without the demo');
    expect(changed).toContain('apps/payment/src/main.ts');
    const files = (await fork.git('ls-files')).split('\n');
    expect(files.filter((file) => /^(apps|k8s\/base)\/(order|payment|psp-sandbox)\//.test(file))).toEqual([]);
    const code = ['--', 'apps', 'libs/*/src', 'k8s', 'docker', ':!*.md'];
    const words = 'order\\.evt|payment\\.(cmd|evt)|/v1/(orders|payments|products)|apps/(order|payment)|psp-sandbox';
    expect(await fork.git('grep', '-lE', words, ...code).catch(() => '')).toBe('');
  });

  test('types, lint and generated files are in order', async () => {
    await fork.exec('npx', '--no-install', 'tsc', '--noEmit', '--project', 'tsconfig.json');
    await fork.exec('npm', 'run', 'lint');
    await fork.exec('npm', 'run', 'generate');
    expect(await fork.changes()).toBe('');
  });

  test('it starts, and a customer has a profile', async () => {
    const said = await fork.exec('npm', 'start', '--', '--demo-only');
    expect(said).toMatch(/The demo worked: .* has a profile and an address/);
    expect(await fork.changes()).toBe('');
  });

  test('its tests pass', async () => {
    const said = await fork.exec(
      ...(['npm', 'test', '--', 'libs/', 'apps/', 'tools/checks', 'tools/generate/'] as const),
      ...['tools/manifests', 'tools/generators', 'tools/cli'],
    );
    expect(said).toMatch(/[1-9]\d* passed, 0 failed/);
  });

  test('a piece that it adds, and its being without the demo, outlive an update of the template', async () => {
    await causeway('new', 'event', 'user', 'user.evt.renamed.v1', '--field', 'userId:id');
    await fork.commit('An event of our own');
    const { said, again } = await updateToSecondVersion(fork, 'causeway');
    expect(said).toMatch(/is now v2/);
    expect(again).toMatch(/v2 is in this repository already; nothing has changed/);
    const files = (await fork.git('ls-files')).split('\n');
    expect(files.filter((file) => /^apps\/(order|payment|psp-sandbox)\//.test(file))).toEqual([]);
    expect(fork.read('libs/contracts/src/messages/user.ts')).toContain('user.evt.renamed.v1');
    await fork.exec('npx', '--no-install', 'tsc', '--noEmit', '--project', 'tsconfig.json');
    expect(await fork.exec('npm', 'start', '--', '--demo-only')).toContain('has a profile and an address');
  });
});
