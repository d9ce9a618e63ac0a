import { appendFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage, findEngine, imageName, type Engine } from '@causeway/images';
import { output } from '@causeway/launcher/run';
import { inFolder } from './infrastructure.js';
import type { Section } from './section.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const base = 'node:24-bookworm-slim';
const tag = 'bench';

/** What most templates have: one stage that installs and builds, and one that copies all of it. */
const usual = `FROM ${base} AS build
WORKDIR /app
COPY . .
ENV NX_DAEMON=false NX_TUI=false CHECKPOINT_DISABLE=1
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts --no-audit --no-fund \\
 && PATH="/app/node_modules/.bin:$PATH" nx run-many -t build --projects @causeway/order --output-style=static \\
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
FROM ${base}
WORKDIR /app
COPY --from=build /app ./
CMD ["node", "apps/order/dist/main.js"]
`;

interface Contender {
  readonly name: string;
  build(copy: string): Promise<string>;
}

const contenders = (engine: Engine): Contender[] => [
  {
    name: 'ours: pruned to what the app reaches, compiled',
    build: (copy) => buildImage(engine, 'order', { root: copy, tag }),
  },
  {
    name: 'two stages, all production dependencies',
    async build(copy) {
      const name = imageName('order', { tag: `${tag}-usual` });
      const file = join(copy, 'usual.Dockerfile');
      writeFileSync(file, usual);
      const npmrc = join(homedir(), '.npmrc');
      const secret = existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : [];
      await output([engine.docker, 'build', '--file', file, '--tag', name, ...secret, copy], {
        env: { ...process.env, DOCKER_BUILDKIT: '1' },
        timeoutMs: 1_800_000,
      });
      return name;
    },
  },
];

/** Copies what Git would, so that a build sees changed files without changing the repository. */
async function copyTo(copy: string): Promise<void> {
  const listed = await output(['git', '-C', root, 'ls-files', '--cached', '--others', '--exclude-standard']);
  for (const file of listed.split('\n').filter((each) => existsSync(join(root, each)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
}

async function megabytes({ docker }: Engine, image: string): Promise<number> {
  return Number(await output([docker, 'image', 'inspect', '--format', '{{.Size}}', image])) / 1e6;
}

/** Needs Docker, and as long as two builds without a cache. */
export const images: Section = {
  name: 'images',
  title: 'The image of the order service',
  long: true,
  run: ({ say }) =>
    inFolder(async (folder) => {
      const engine = await findEngine();
      const rows: string[][] = [];
      for (const { name, build } of contenders(engine)) {
        const copy = join(folder, 'copy');
        await copyTo(copy);
        const timed = async (): Promise<string> => {
          const begun = performance.now();
          await build(copy);
          return ((performance.now() - begun) / 1_000).toFixed(0);
        };
        say(`${name}: a build`);
        const first = await timed();
        appendFileSync(join(copy, 'apps/order/src/service.ts'), '\nexport const changed = true;\n');
        say(`${name}: another, after a change of one file`);
        const second = await timed();
        const image = await build(copy);
        const size = (await megabytes(engine, image)) - (await megabytes(engine, base));
        rows.push([name, size.toFixed(0), first, second]);
        await output([engine.docker, 'image', 'rm', image]);
      }
      return [
        {
          title: 'Size and time',
          columns: ['image', 'MB above its base', 'first build, s', 'after a change, s'],
          rows,
          note: 'Whatever an earlier build has left in the cache of the engine makes the first build shorter.',
        },
      ];
    }),
};
