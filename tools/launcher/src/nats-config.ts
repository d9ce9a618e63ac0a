import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Example } from '@causeway/system';

/**
 * Writes the configuration that the containers get, with accounts and permissions, into the folder that JetStream
 * stores its streams in. The passwords go into a file of their own, which only its owner may read.
 * @param passwords One for each account of `natsPermissions()`.
 * @param examples Services that run besides the list. Default none.
 * @returns The path of `nats.conf`.
 */
export async function writeNatsConfig(
  folder: string,
  passwords: Readonly<Record<string, string>>,
  examples: readonly Example[] = [],
): Promise<string> {
  const { natsPasswords, natsServerConfig } = await import('@causeway/system/topology');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    // A new file: the mode of one that is there would stay.
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return file;
  };
  write('passwords.conf', natsPasswords(passwords));
  // The disk is the limit: a volume of a container has a size, the folder of a laptop has none.
  const options = { include: 'passwords.conf', storeDir: folder, maxFileStore: '1TB', monitoring: false, examples };
  return write('nats.conf', natsServerConfig(options));
}
