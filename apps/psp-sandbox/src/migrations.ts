import { fileURLToPath } from 'node:url';
import type { MigrationSet } from '@causeway/persistence';

export const migrations: readonly MigrationSet[] = [
  { name: 'psp-sandbox', directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)), table: 'prisma' },
];
