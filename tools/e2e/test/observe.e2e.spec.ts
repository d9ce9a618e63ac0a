import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { observePrograms } from '@causeway/launcher/observe-programs';
import { describeWhen } from '@causeway/testkit/describe-when';
import { eventually } from '../src/eventually.js';

const programs = await observePrograms().catch(() => undefined);

describeWhen(programs !== undefined, {
  missing: 'Prometheus and Alertmanager are not here and cannot be fetched',
  remedy: 'put prometheus, promtool, alertmanager and amtool on the PATH',
})('npm start -- --observe', () => {
  let folder: string;
  let launcher: ChildProcess;
  let said = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'causeway-observe-'));
    const main = join(import.meta.dirname, '../../launcher/dist/main.js');
    launcher = spawn(process.execPath, [main, '--observe', '--no-demo', '--free-ports', '--folder', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    launcher.stdout!.on('data', (data: Buffer) => (said += data.toString()));
    await eventually('the system is up', () => Promise.resolve(said.includes('Causeway is up')), 60_000);
  }, 90_000);
  afterAll(async () => {
    if (launcher.exitCode === null && launcher.signalCode === null) {
      launcher.kill('SIGTERM');
      await once(launcher, 'exit');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }, 60_000);

  const urlOf = (what: string): URL => new URL(new RegExp(`^ *${what} +(http\\S+)$`, 'm').exec(said)?.[1] ?? '');
  const answers = (url: URL): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  const servers = (): URL[] => [urlOf('metrics'), urlOf('alerts')];

  test('prints where Prometheus and Alertmanager are, and both show their pages', async () => {
    for (const url of servers()) expect([url.href, await answers(url)]).toEqual([url.href, true]);
  });

  test('only the loopback interface reaches them', async () => {
    const elsewhere = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of elsewhere)
      for (const { port } of servers())
        expect([address, await answers(new URL(`http://${address}:${port}`))]).toEqual([address, false]);
  });

  test('after kill -9 of the launcher they end by themselves', async () => {
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    for (const url of servers()) await eventually(`${url.port} is silent`, async () => !(await answers(url)), 40_000);
  }, 90_000);
});
