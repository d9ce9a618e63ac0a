import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { whenRunnable } from '@causeway/testkit/when-runnable';
import { loadFixture } from '../src/listed.js';
import { runSuite } from '../src/run-suite.js';
import type { SuiteTarget } from '../src/target.js';

const { examples, describeRunnable } = await whenRunnable('blog-python');

// The same promises as of a TypeScript service, kept by a program in another language.
describeRunnable('the blog in Python', () => {
  test('keeps its contract', async () => {
    const { folder, contractFile, program } = examples[0]!;
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
  }, 300_000);
});
