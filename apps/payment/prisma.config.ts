import { defineConfig } from 'prisma/config';

// Only `migrate status` and `migrate diff` connect; `generate` runs without a database, so the URL may be absent.
const url = process.env['MIGRATION_DATABASE_URL'] ?? process.env['DATABASE_URL'];

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url && { datasource: { url } }),
});
