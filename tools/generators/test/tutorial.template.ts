import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadExamples } from '@causeway/launcher/examples';
import { findRunning } from '@causeway/launcher/find-running';
import { applyEdit, difference, GuideShell, readGuide, type GuideBlock, type KnownIds } from '@causeway/testkit/guide';
import { Fork } from '../src/testing/fork.js';

// docs/guides/tutorial-blog.md as a reader follows it, in a fresh clone: a test for each section, in order.

/** Where the guide has the gateway. The launcher takes another port where something else has this one. */
const gateway = 'http://127.0.0.1:3000';
const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/tutorial-blog.md'), 'utf8');
/** Without Python its section cannot be followed; what the launcher says then has a test of its own. */
const withPython = await loadExamples(['blog-python']).then(
  () => true,
  () => false,
);
const sections = guide
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ title: section.split('\n')[0]!, blocks: readGuide(section) }))
  .filter(({ blocks }) => blocks.length > 0)
  .filter(({ blocks }) => withPython || !blocks.some(({ text }) => text.includes('--with blog-python')));

/** Commands that only look. What they show may take a moment to get there, so a reader repeats them, and so does this. */
const looks = /^(npx causeway (trace|services|consumers|outbox|logs) |curl -s http\S+$)/;
const patienceMs = 60_000;

const ids: KnownIds = new Map();
let fork: Fork;
let shell: GuideShell;
let failed = false;

beforeAll(async () => {
  fork = await Fork.clone();
  shell = new GuideShell(fork.root);
});
afterAll(async () => {
  await shell?.close();
  fork?.remove();
});

test.each(sections)('$title', async ({ blocks }) => {
  if (failed) throw new Error('a section before this one has failed');
  failed = true;
  for (const [index, block] of blocks.entries()) if (block.kind !== 'text') await follow(block, blocks[index + 1]);
  failed = false;
});

test('the service has the contract that the Python one has', async () => {
  const record = JSON.parse(await shell.execute('npx causeway contracts record blog')) as unknown;
  expect(promised(record)).toEqual(promised(JSON.parse(fork.read('examples/blog-python/contract.json'))));
});

/** What a contract record promises: without examples, and without the streams of messages that it does not have. */
function promised(record: unknown): unknown {
  const { streams, contracts, ...rest } = record as {
    readonly streams: Record<string, unknown>;
    readonly contracts: Record<string, { readonly examples?: unknown; readonly stream?: string }>;
  };
  const used = new Set(Object.values(contracts).map(({ stream }) => stream));
  return {
    ...rest,
    streams: Object.fromEntries(Object.entries(streams).filter(([name]) => used.has(name))),
    contracts: Object.fromEntries(
      Object.entries(contracts).map(([name, { examples: _, ...contract }]) => [name, contract]),
    ),
  };
}

async function follow({ kind, text }: GuideBlock, next: GuideBlock | undefined): Promise<void> {
  if (kind === 'diff') return applyEdit(fork.root, text);
  const shown = next?.kind === 'text' ? next.text : undefined;
  const commands = text.replaceAll(gateway, actualGateway());
  if (/^npm start(?!.*--demo-only)/.test(text)) {
    await shell
      .start(commands, (said) => shown === undefined || wrong(shown, said) === undefined)
      .catch((error) => {
        throw new Error(`${(error as Error).message}\n\n${wrong(shown ?? '', (error as Error).message) ?? ''}`);
      });
    return;
  }
  for (const end = performance.now() + patienceMs; ; await new Promise((resolve) => setTimeout(resolve, 1_000))) {
    const said = await shell.execute(commands);
    const problem = shown === undefined ? undefined : wrong(shown, said);
    if (problem === undefined) return;
    if (!looks.test(text) || performance.now() > end) throw new Error(`${text.trim()}\n${problem}`);
  }
}

const wrong = (shown: string, said: string): string | undefined =>
  difference(shown, said.replaceAll(actualGateway(), gateway), ids);

function actualGateway(): string {
  const port = findRunning(join(fork.root, '.causeway'))?.ports.services.gateway[0]?.port;
  return port === undefined ? gateway : `http://127.0.0.1:${port}`;
}
