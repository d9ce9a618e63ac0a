// Lints texts as if they stood at the given paths. Input and output are JSON on stdin and stdout. A process of its own, because
// ESLint's plugins do not run inside Jest's module registry.
import { ESLint } from 'eslint';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
let input = '';
for await (const chunk of process.stdin) input += chunk;

// The planted files do not exist, so rules that need types cannot run; the boundary rules do not need them.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { projectService: false, project: false } },
      rules: {
        '@typescript-eslint/await-thenable': 'off',
        '@typescript-eslint/no-floating-promises': 'off',
        '@typescript-eslint/no-misused-promises': 'off',
        '@typescript-eslint/only-throw-error': 'off',
        '@typescript-eslint/switch-exhaustiveness-check': 'off',
      },
    },
  ],
});
const results = [];
for (const { path, code } of JSON.parse(input)) {
  const [result] = await eslint.lintText(code, { filePath: join(root, path) });
  results.push({ path, rules: result.messages.map(({ ruleId }) => ruleId) });
}
process.stdout.write(JSON.stringify(results));
