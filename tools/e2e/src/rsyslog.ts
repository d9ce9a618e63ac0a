import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '@causeway/launcher/guard';
import { defaultCaches, hasPackages, moveInto, withPackages, writableCache } from '@causeway/launcher/packages';

const config = fileURLToPath(new URL('../../../k8s/components/logging-elk/rsyslog/causeway.conf', import.meta.url));

/** Whether rsyslog is here, or can be fetched as a package. */
export const rsyslogAvailable = async (): Promise<boolean> =>
  defaultCaches().some((cache) => existsSync(join(cache, 'rsyslog'))) || (await hasPackages());

/** The packages of rsyslog with its output for Elasticsearch and what they need, unpacked in the user's cache. */
async function rsyslogFolder(): Promise<string> {
  const known = defaultCaches().map((cache) => join(cache, 'rsyslog'));
  const found = known.find((folder) => existsSync(folder));
  if (found) return found;
  const cache = writableCache(defaultCaches());
  if (!cache) throw new Error(`no folder of ${defaultCaches().join(', ')} can be written to keep rsyslog`);
  const target = join(cache, 'rsyslog');
  const take = (root: string): Promise<string> => {
    moveInto(target, root);
    return Promise.resolve(target);
  };
  return withPackages(['rsyslog', 'rsyslog-elasticsearch'], cache, take, { withMissing: true });
}

/** rsyslog with the product's configuration. */
export class Rsyslog {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly env: Readonly<Record<'CAUSEWAY_LOGS' | 'CAUSEWAY_SHIPPER' | 'ELASTICSEARCH_URL', string>>,
  ) {}

  /** @param shipper Folder of its own; must exist. */
  static async in(shipper: string, logs: string, elasticsearch: string): Promise<Rsyslog> {
    return new Rsyslog(await rsyslogFolder(), {
      CAUSEWAY_LOGS: logs,
      CAUSEWAY_SHIPPER: shipper,
      ELASTICSEARCH_URL: elasticsearch,
    });
  }

  async start(): Promise<void> {
    const [libraries = ''] = globSync(join(this.folder, 'usr/lib/*-linux-gnu'));
    const env = { ...this.env, CAUSEWAY_READING: mkdtempSync(join(this.env.CAUSEWAY_SHIPPER, 'reading-')) };
    const child = spawn(
      join(this.folder, 'usr/sbin/rsyslogd'),
      ['-n', '-f', config, '-i', 'NONE', '-M', join(libraries, 'rsyslog')],
      { env: { ...env, LD_LIBRARY_PATH: libraries }, cwd: '/', stdio: 'ignore' },
    );
    guard(child, 0);
    await once(child, 'spawn');
    this.process = child;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.process;
    if (!child) return;
    this.process = undefined;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
