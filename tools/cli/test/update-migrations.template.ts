import { forgetBeginning, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('migrations', () => {
  const init = 'apps/order/prisma/migrations/1_init/migration.sql';

  test('one that both added keeps the fork’s text, and a moved service leaves them where they were', async () => {
    const added = 'apps/order/prisma/migrations/2_more/migration.sql';
    const own = 'apps/order/prisma/migrations/3_own/migration.sql';
    scene.fork.commit('ours', { [added]: 'SELECT 1;\n', [own]: 'SELECT 3;\n' });
    scene.release({
      [added]: 'SELECT 2;\n',
      [init]: null,
      'apps/order/main.ts': null,
      'apps/orders/main.ts': 'order of oldname\n',
      'apps/orders/prisma/migrations/1_init/migration.sql': 'CREATE SCHEMA oldname;\n',
    });
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read(added)).toBe('SELECT 1;\n');
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
    expect(scene.fork.read(own)).toBe('SELECT 3;\n');
    expect(scene.fork.read(own.replace('order', 'orders'))).toBeUndefined();
  });

  test('one of a library is one, too', async () => {
    const library = 'libs/messaging/migrations/20261121000000_outbox/migration.sql';
    scene.fork.commit('ours', { [library]: 'SELECT 1;\n' });
    scene.release({ [library]: 'SELECT 2;\n' });
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read(library)).toBe('SELECT 1;\n');
  });

  test('a program that rewrites one after the merge does not get through', async () => {
    scene.release({ 'README.md': '# Two\n' });
    await scene.run({}, { onGenerate: () => scene.fork.write({ [init]: 'DROP SCHEMA oldname;\n' }) });
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
  });
});
