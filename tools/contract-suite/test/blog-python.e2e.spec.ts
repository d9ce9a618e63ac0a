import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadExamples } from '@causeway/launcher/examples';
import { loadFixture } from '../src/listed.js';
import { runSuite } from '../src/run-suite.js';
import type { SuiteTarget } from '../src/target.js';

// The same promises as of a TypeScript service, kept by a program in another language.
const found = await loadExamples(['blog-python']).catch((error: unknown) => (error as Error).message);
const [example] = typeof found === 'string' ? [] : found;
const reason = example ? '' : ` (skipped: ${String(found).split('\n')[0]})`;

(example ? test : test.skip)(
  `the blog in Python keeps its contract${reason}`,
  async () => {
    const { folder, contractFile, program } = example!;
    const target: SuiteTarget = {
      record: JSON.parse(readFileSync(contractFile, 'utf8')) as SuiteTarget['record'],
      command: `"${program}" -B -m blog`,
      cwd: folder,
      settings: {},
      fixture: await loadFixture(join(folder, 'contract-fixture.mjs')),
      database: true,
    };
    const results = await runSuite(target);
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(results.length).toBeGreaterThan(90);
  },
  300_000,
);
