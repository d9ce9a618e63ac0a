import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countingTraffic } from '../src/orders/traffic.js';

const folder = mkdtempSync(join(tmpdir(), 'traffic-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Answers every chunk with one byte. */
async function server(): Promise<{ url: string; close: () => void }> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => socket.write('.'));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return {
    url: `tcp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      listening.close();
    },
  };
}

const client = `
  import { connect } from 'node:net';
  import { once } from 'node:events';
  const to = (url) => connect(Number(new URL(url).port), '127.0.0.1');
  const database = to(process.env.DATABASE_URL);
  await once(database, 'connect');
  for (let turn = 0; turn < 3; turn += 1) {
    database.write('one'); database.write('and more of it');
    await once(database, 'data');
  }
  const nats = to(process.env.NATS_URL);
  await once(nats, 'connect');
  nats.write('PUB a 2\\r\\nhi\\r\\nHPUB b 12 14\\r\\nNATS/1.0\\r\\n\\r\\nhi\\r\\n');
  nats.write(Buffer.from('PUB c 6\\r\\na PUB \\r\\nPING\\r\\n'));
  setTimeout(() => process.exit(), 500);
`;

test('what is sent together is one round trip, and only publications are messages', async () => {
  const [database, nats] = [await server(), await server()];
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', client], {
      env: { ...process.env, ...countingTraffic(folder), DATABASE_URL: database.url, NATS_URL: nats.url },
    });
  } finally {
    database.close();
    nats.close();
  }
  const [file] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, file!), 'utf8'))).toEqual({ roundTrips: 3, messages: 3 });
});
