import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsAccounts } from '@causeway/system';
import { natsPermissions } from '@causeway/system/topology';
import { writeNatsConfig } from './nats-config.js';

test('every account of the broker has a password here', () => {
  expect([...natsAccounts].sort()).toEqual(Object.keys(natsPermissions()).sort());
});

test('passwords are in a file that only its owner may read, whatever was there before, and nowhere else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-nats-config-'));
  try {
    writeFileSync(join(folder, 'passwords.conf'), 'old', { mode: 0o644 });
    const config = await writeNatsConfig(folder, { order: '0123', provisioner: 'a"b' });
    expect(readFileSync(join(folder, 'passwords.conf'), 'utf8')).toBe(
      'NATS_PASSWORD_ORDER: "0123"\nNATS_PASSWORD_PROVISIONER: "a\\"b"\n',
    );
    expect(statSync(join(folder, 'passwords.conf')).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, 'utf8')).not.toMatch(/0123|a"b/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
