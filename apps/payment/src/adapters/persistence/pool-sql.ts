import { translatePgError, type Sql } from '@causeway/persistence';
import type pg from 'pg';

/** Statements of background work, each committed on its own. */
export const poolSql = (pool: pg.Pool): Sql => ({
  query: async <R>(text: string, values?: readonly unknown[]) => {
    try {
      const { rows, rowCount } = await pool.query(text, values as unknown[]);
      return { rows: rows as R[], rowCount: rowCount ?? 0 };
    } catch (error) {
      throw translatePgError(error);
    }
  },
});
