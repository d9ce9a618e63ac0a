// Lints the whole repository with the rules of boundaries alone, which need no types and take seconds. Prints what it
// finds, comments that switch a rule off included, as JSON. A process of its own, like lint-planted.mjs.
import { ESLint } from 'eslint';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const rules = new Set([
  '@nx/enforce-module-boundaries',
  'no-restricted-imports',
  'no-restricted-properties',
  'no-restricted-syntax',
]);
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => rules.has(ruleId),
  overrideConfig: [
    { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false, project: false } } },
  ],
});
const results = await eslint.lintFiles(['apps/**/*.ts', 'libs/**/*.ts', 'tools/**/*.ts']);
const found = results.flatMap(({ filePath, messages, suppressedMessages }) =>
  [
    ...messages.map((message) => ({ ...message, suppressed: false })),
    ...suppressedMessages.map((message) => ({ ...message, suppressed: true })),
  ].map(({ ruleId, message, line, fatal, suppressed }) => ({
    file: relative(root, filePath),
    line,
    rule: ruleId,
    message,
    fatal: fatal ?? false,
    suppressed,
  })),
);
process.stdout.write(JSON.stringify(found));
