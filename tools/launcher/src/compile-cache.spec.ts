import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { warmCompileCache } from './compile-cache.js';
import { nodeCommand, nodeForServices } from './places.js';
import { claimPort } from './ports.js';
import { ServiceInstance } from './service-instance.js';
import { sideWrites } from './side-writes.js';
import { Watchdog } from './watchdog.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-compiled-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('services look for compiled code where it was put: V8 keeps it apart by its flags', async () => {
  const cache = join(folder, 'cache');
  const warnings: string[] = [];
  const sideWrite = sideWrites((line) => warnings.push(line));
  // No project in it: the process that fills the cache compiles itself, which suffices here.
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  await warmCompileCache(cache, join(folder, 'warming.log'), new Watchdog(), sideWrite, folder);
  const sets = () => readdirSync(cache).filter((name) => name.startsWith('v'));
  const filled = sets();
  expect([filled.length, warnings]).toEqual([1, []]);

  const entry = join(folder, 'service.cjs');
  writeFileSync(
    entry,
    `require('node:http').createServer((_, response) => response.end()).listen(process.env.MANAGEMENT_PORT, '127.0.0.1');`,
  );
  const { port: managementPort, release } = await claimPort();
  const service = new ServiceInstance({
    service: 'order',
    number: 1,
    ...nodeCommand(nodeForServices(), entry),
    port: 0,
    managementPort,
    env: { PATH: process.env['PATH'], MANAGEMENT_PORT: String(managementPort), NODE_COMPILE_CACHE: cache },
    logFile: join(folder, 'service.log'),
    order: 10,
    watchdog: new Watchdog(),
  });
  try {
    await service.start();
    expect(sets()).toEqual(filled);
  } finally {
    await service.kill();
    release();
  }
});
