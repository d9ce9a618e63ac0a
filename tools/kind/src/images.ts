import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { serviceNames } from '@causeway/system';
import { guard } from '@causeway/launcher/guard';
import type { Options } from './options.js';
import { keepTags, root } from './places.js';
import { must, Refused, run } from './run.js';

const minutes = 60_000;

/**
 * Builds the images and takes them to the cluster, each under a tag that follows from its content: what did not change
 * is not rolled out.
 * @param others Images of the manifests that are not ours; those that the local engine has are taken along, the cluster
 * pulls the rest.
 */
export async function provideImages(
  options: Options,
  others: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  if (options.imageLoader === 'none') {
    keepTags(options.context, Object.fromEntries(serviceNames.map((app) => [app, 'dev'])));
    return say('images are taken to be there already, as causeway/<app>:dev');
  }
  if (options.build) {
    say('building images; the first time takes some minutes');
    await must([process.execPath, join(root, 'tools/images/dist/build-process.js')], {
      output: 'inherit',
      timeoutMs: 60 * minutes,
    });
  }
  const tags: Record<string, string> = {};
  for (const app of serviceNames) tags[app] = await tagByContent(app);
  const ours = serviceNames.map((app) => `causeway/${app}:${tags[app]}`);
  const local = await Promise.all(others.map(async (image) => ((await idOf(image)) ? [image] : [])));
  const images = [...ours, ...local.flat()];
  say(`taking ${images.length} images to the cluster`);
  await load(options, images);
  keepTags(options.context, tags);
}

async function idOf(image: string): Promise<string | undefined> {
  const { code, stdout } = await run(['docker', 'image', 'inspect', '--format', '{{.Id}}', image]);
  return code === 0 ? stdout.trim() : undefined;
}

async function tagByContent(app: string): Promise<string> {
  const id = await idOf(`causeway/${app}:dev`);
  if (!id)
    throw new Refused(`There is no image causeway/${app}:dev. Build it: npm run images (and leave out --no-build).`);
  const tag = `dev-${id.replace(/^sha256:/, '').slice(0, 12)}`;
  await must(['docker', 'tag', `causeway/${app}:dev`, `causeway/${app}:${tag}`]);
  return tag;
}

async function load({ cluster, imageLoader }: Options, images: readonly string[]): Promise<void> {
  if (imageLoader === undefined) {
    await must(['kind', 'load', 'docker-image', '--name', cluster ?? '', ...images], { timeoutMs: 15 * minutes });
  } else if (imageLoader.includes('{image}')) {
    for (const image of images)
      await must(['sh', '-c', imageLoader.replaceAll('{image}', image)], { timeoutMs: 15 * minutes });
  } else {
    await pipe(['docker', 'save', ...images], imageLoader);
  }
}

/** `docker save … | <loader>`, with the exit codes of both. */
async function pipe([program, ...args]: readonly [string, ...string[]], loader: string): Promise<void> {
  const from = guard(spawn(program, args, { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] }));
  const to = guard(spawn('sh', ['-c', loader], { env: process.env, stdio: ['pipe', 'ignore', 'pipe'] }));
  let said = '';
  to.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  // A loader that ends early tells by its exit code; what is still coming is thrown away.
  to.stdin.on('error', () => from.stdout.resume());
  from.stdout.pipe(to.stdin);
  const ended = (child: ChildProcess): Promise<number> =>
    new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  const [saved, loaded] = await Promise.all([ended(from), ended(to)]);
  if (loaded !== 0) throw new Refused(`The image loader failed (${loaded}): ${loader}\n${said.trim()}`);
  if (saved !== 0) throw new Refused(`docker save failed (${saved}); what it said is above`);
}
