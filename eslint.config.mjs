// What the layout promises, this file enforces. `tools/checks/src/boundaries.spec.ts` plants a violation of each rule and sees it reported.
import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const inside = (...folders) => folders.flatMap((folder) => [`**/${folder}/**`, `../${folder}/*`, `./${folder}/*`]);
const message = (text) => `${text} See docs/decisions/0002-boundaries.md.`;
/** From the root everything is one program; a program for each project takes five times as long, and over 4 GB in one process. */
const types = process.cwd() === import.meta.dirname ? { project: './tsconfig.json' } : { projectService: true };
const frameworks = [
  '@nestjs/*',
  'fastify',
  '@fastify/*',
  'pg',
  '@prisma/*',
  '@nats-io/*',
  'undici',
  'rxjs',
  'node:*',
  '**/generated/**',
];

/** Inside a service: who may import whom. Only app.module.ts and main.ts, outside these folders, see everything. */
const serviceFolder = (folder, group, text) => ({
  files: [`apps/*/src/${folder}/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message: message(text) }] }] },
});

export default tseslint.config(
  {
    ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '**/.nx/**', '**/.causeway/**', '**/fixtures/**'],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { ...types, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: message('Export by name.') },
        {
          selector: "CallExpression[callee.name='forwardRef']",
          message: message('A cycle between providers is a design error; remove it.'),
        },
        {
          selector: ':matches(PropertyDefinition, MethodDefinition) > PrivateIdentifier.key',
          message:
            'Write `private`: constructor parameters, which Nest injects, know no other form, and one form is enough.',
        },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
    ignores: ['libs/config/**', 'apps/*/src/config.ts', '**/*.spec.ts', 'libs/*/src/testing/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: message('Settings are read in libs/config and a service’s config.ts only.'),
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          // A service imports its framework lazily from service.ts, and statically from app.module.ts: the health port answers first.
          checkDynamicDependenciesExceptions: ['.*'],
          depConstraints: [
            { sourceTag: 'layer:foundation', onlyDependOnLibsWithTags: ['layer:foundation'] },
            { sourceTag: 'layer:host', onlyDependOnLibsWithTags: ['layer:foundation', 'layer:host'] },
            {
              sourceTag: 'layer:capability',
              onlyDependOnLibsWithTags: ['layer:foundation', 'layer:host', 'layer:capability'],
            },
            { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:lib'] },
            { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
          ],
        },
      ],
    },
  },
  serviceFolder(
    'domain',
    [
      ...frameworks,
      ...inside('application', 'adapters'),
      '@causeway/*',
      '!@causeway/errors',
      '../app.module.js',
      '../config.js',
    ],
    'The domain is pure: it sees nothing but itself and @causeway/errors.',
  ),
  serviceFolder(
    'application',
    [
      ...frameworks,
      ...inside('adapters'),
      '@causeway/service-host',
      '@causeway/discovery',
      '../app.module.js',
      '../config.js',
    ],
    'A use case sees the domain and its ports, never an adapter or a framework.',
  ),
  serviceFolder(
    'adapters',
    ['**/app.module.js', '**/config.js'],
    'An adapter is given what it needs; app.module.ts binds it.',
  ),
  {
    // Tests may reach for the test kit; Nx's rule would forbid that to libs and apps.
    files: ['**/*.spec.ts', '**/test/**/*.ts', '{apps,tools}/*/src/testing/**'],
    rules: {
      '@nx/enforce-module-boundaries': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['tools/**/*.ts', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        Blob: 'readonly',
        FormData: 'readonly',
        Buffer: 'readonly',
      },
    },
    rules: { 'no-console': 'off' },
  },
);
