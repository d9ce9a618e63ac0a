import { governanceRoute, SETTINGS, type GovernanceRoute } from '@causeway/service-host';
import type { INestApplicationContext } from '@nestjs/common';
import type pg from 'pg';
import { z } from 'zod';
import type { FieldKeys } from '../field-keys.js';
import { PG_POOL } from '../nest/persistence.module.js';
import { FieldKeyRotation } from './field-key-rotation.js';
import type { SealedTable } from './sealed-table.js';

/** What operators can see of the field keys, and `npx causeway crypto rotate`. */
export function fieldKeyRoutes(app: INestApplicationContext, tables: readonly SealedTable[]): GovernanceRoute[] {
  const { FIELD_KEYS } = app.get<{ FIELD_KEYS: FieldKeys }>(SETTINGS);
  const rotation = new FieldKeyRotation(app.get<pg.Pool>(PG_POOL), FIELD_KEYS, tables);
  return [
    governanceRoute({ method: 'GET', path: 'field-keys', input: z.object({}), run: () => rotation.status() }),
    governanceRoute({
      method: 'POST',
      path: 'field-keys/rotate',
      input: z.strictObject({}),
      run: (_, who) => rotation.start(who),
    }),
  ];
}
