import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { serviceNames, type ServiceName } from '@causeway/system';
import { output } from '@causeway/launcher/run';
import type { Engine } from './engine.js';

/** Every image: one for each service, and the command line. Each has a Dockerfile of its name. */
export type ImageOf = ServiceName | 'cli';
export const images: readonly ImageOf[] = [...serviceNames, 'cli'];

export interface BuildOptions {
  /** The repository, or a copy of it. */
  readonly root: string;
  readonly tag: string;
  readonly repository?: string;
  /** A repository for BuildKit's cache, so that the next machine builds no stage again that has not changed; needs buildx. */
  readonly cache?: string;
}

export const imageName = (
  app: string,
  { repository = 'causeway', tag }: Pick<BuildOptions, 'repository' | 'tag'>,
): string => `${repository}/${app}:${tag}`;

/**
 * Builds one image for this machine's processor; Docker builds the stages that apps share once.
 * @returns the image's name
 */
export async function buildImage({ docker }: Engine, app: ImageOf, options: BuildOptions): Promise<string> {
  const { root } = options;
  const name = imageName(app, options);
  const npmrc = join(homedir(), '.npmrc');
  const { version, revision, created } = await describe(root, options.tag);
  await output(
    [
      docker,
      'build',
      ...['--file', join(root, 'docker', `${app}.Dockerfile`), '--tag', name],
      // The machine's npm registry and login: mounted while npm runs, kept in no layer.
      ...(existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []),
      ...['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`],
      ...['--build-arg', `CREATED=${created}`],
      ...cacheArguments(app, options.cache),
      root,
    ],
    { env: { ...process.env, DOCKER_BUILDKIT: '1' }, timeoutMs: 1_800_000 },
  );
  return name;
}

/** `mode=max`: with the stages that leave nothing in the image, which are the slow ones. */
const cacheArguments = (app: ImageOf, cache: string | undefined): string[] =>
  cache === undefined
    ? []
    : [
        ...['--cache-from', `type=registry,ref=${cache}/${app}`],
        ...['--cache-to', `type=registry,ref=${cache}/${app},mode=max`, '--load'],
      ];

/** Builds images one after the other, and says how long each took and how large it is. */
export async function buildImages(engine: Engine, apps: readonly ImageOf[], options: BuildOptions): Promise<void> {
  for (const app of apps) {
    const begun = performance.now();
    const name = await buildImage(engine, app, options);
    const bytes = Number(await output([engine.docker, 'image', 'inspect', '--format', '{{.Size}}', name]));
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    console.log(`✓ ${name}: ${(bytes / 1e6).toFixed(0)} MB with its base, in ${seconds} s`);
  }
}

/** Returns labels that are equal for equal commits: the time is the commit's, not the build's. */
async function describe(root: string, version: string) {
  try {
    const [revision = '', created = ''] = (await output(['git', '-C', root, 'log', '-1', '--format=%H %cI'])).split(
      ' ',
    );
    return { version, revision, created };
  } catch {
    return { version, revision: 'unknown', created: '1970-01-01T00:00:00Z' };
  }
}
