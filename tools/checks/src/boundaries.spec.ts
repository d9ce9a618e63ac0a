import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const folders = 'no-restricted-imports';
const projects = '@nx/enforce-module-boundaries';

/** What must be refused, and by which rule. */
const planted: [title: string, path: string, code: string, rule: string][] = [
  [
    'the domain imports Nest',
    'apps/order/src/domain/planted.ts',
    "import { Injectable } from '@nestjs/common';",
    folders,
  ],
  ['the domain imports Node', 'apps/order/src/domain/planted.ts', "import { randomUUID } from 'node:crypto';", folders],
  [
    'the domain imports the application',
    'apps/order/src/domain/planted.ts',
    "import { x } from '../application/ports.js';",
    folders,
  ],
  [
    'the domain imports an adapter',
    'apps/payment/src/domain/planted.ts',
    "import { x } from '../adapters/http/x.js';",
    folders,
  ],
  [
    'the domain imports the contracts',
    'apps/payment/src/domain/planted.ts',
    "import { id } from '@causeway/contracts';",
    folders,
  ],
  [
    'a use case imports an adapter',
    'apps/order/src/application/planted.ts',
    "import { x } from '../adapters/persistence/x.js';",
    folders,
  ],
  ['a use case imports the Postgres driver', 'apps/order/src/application/planted.ts', "import pg from 'pg';", folders],
  [
    'a use case imports the composition root',
    'apps/order/src/application/planted.ts',
    "import { AppModule } from '../app.module.js';",
    folders,
  ],
  [
    'an adapter imports the composition root',
    'apps/order/src/adapters/http/planted.ts',
    "import { AppModule } from '../../app.module.js';",
    folders,
  ],
  [
    'a foundation library imports a capability',
    'libs/errors/src/planted.ts',
    "import { migrate } from '@causeway/persistence';",
    projects,
  ],
  [
    'the host imports a capability',
    'libs/service-host/src/planted.ts',
    "import { migrate } from '@causeway/persistence';",
    projects,
  ],
  [
    'a foundation library imports the host',
    'libs/config/src/planted.ts',
    "import { runService } from '@causeway/service-host';",
    projects,
  ],
  [
    'a library imports a tool',
    'libs/persistence/src/planted.ts',
    "import { startPostgres } from '@causeway/launcher';",
    projects,
  ],
  [
    'a service imports a tool',
    'apps/order/src/adapters/planted.ts',
    "import { startPostgres } from '@causeway/launcher';",
    projects,
  ],
  [
    'a service reaches into another by path',
    'apps/order/src/adapters/planted.ts',
    "import { x } from '../../../payment/src/domain/payment.js';",
    projects,
  ],
  [
    'a service reads the environment',
    'apps/order/src/adapters/planted.ts',
    'export const x = process.env.HOME;',
    'no-restricted-properties',
  ],
  ['a barrel exports everything', 'libs/errors/src/planted.ts', "export * from './codes.js';", 'no-restricted-syntax'],
];

/** What must stay allowed: a rule that forbids everything proves nothing. */
const allowed: [title: string, path: string, code: string][] = [
  [
    'the domain imports coded errors',
    'apps/order/src/domain/planted.ts',
    "import { CodedError } from '@causeway/errors';\nexport const x = CodedError;",
  ],
  [
    'a use case imports the domain',
    'apps/order/src/application/planted.ts',
    "import { x } from '../domain/order.js';\nexport const y = x;",
  ],
  [
    'an adapter imports the application',
    'apps/order/src/adapters/http/planted.ts',
    "import { x } from '../../application/ports.js';\nexport const y = x;",
  ],
  [
    'a capability imports a foundation library',
    'libs/messaging/src/planted.ts',
    "import { messages } from '@causeway/contracts';\nexport const x = messages;",
  ],
];

let reported: { path: string; rules: string[] }[];

beforeAll(() => {
  const root = join(import.meta.dirname, '../../..');
  const run = (file: string, args: string[], input?: string) =>
    execFileSync(process.execPath, [join(root, file), ...args], {
      cwd: root,
      input,
      env: { ...process.env, NX_DAEMON: 'false' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  run('node_modules/.bin/nx', ['show', 'projects']); // leaves the project graph in Nx's cache, where its lint rule looks for it
  const cases = [...planted, ...allowed].map(([, path, code]) => ({ path, code }));
  reported = JSON.parse(
    run('tools/checks/src/lint-planted.mjs', [], JSON.stringify(cases)).toString(),
  ) as typeof reported;
}, 120_000);

test.each(planted.map(([title, , , rule], index) => ({ title, rule, index })))(
  'reported: $title',
  ({ rule, index }) => {
    expect(reported[index]?.rules).toContain(rule);
  },
);

test.each(allowed.map(([title], index) => ({ title, index })))('allowed: $title', ({ index }) => {
  expect(reported[planted.length + index]?.rules).toEqual([]);
});
