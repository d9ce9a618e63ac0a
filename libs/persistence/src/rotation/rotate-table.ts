import type { FieldCipher } from '../field-cipher.js';
import type { Sql } from '../sql.js';
import { cipherIn, type SealedTable } from './sealed-table.js';

/** Rows that are read at a time, whether outdated or not: every statement is short, however large the table. */
export const rotationBatch = 500;

export interface RotatedRows {
  /** Rows that were encrypted again. */
  rotated: number;
  /** Rows that somebody else was changing, or had just changed: another pass finds them if they still need it. */
  skipped: number;
  /** Rows that could not be decrypted. */
  failed: number;
}

interface OutdatedRow {
  readonly key: readonly string[];
  readonly sealed: readonly (string | null)[];
}
type ScannedRow = Pick<OutdatedRow, 'key'> & { readonly sealed: OutdatedRow['sealed'] | null };

/**
 * Encrypts the outdated values of a table with the newest key, batch after batch in the order of the primary key. Only the
 * ciphertexts change: neither version nor time of the rows, so no `ETag` and no consumer notices.
 *
 * A value that was changed since it was read is never overwritten: the update compares it. A row that somebody holds is
 * skipped instead of waited for, so nobody waits for more than a batch, and no deadlock is possible. A value says itself
 * which key it needs, so an interrupted run just runs again.
 *
 * @param failed Called with the key of a row that cannot be decrypted.
 */
export async function rotateTable(
  sql: Sql,
  cipher: FieldCipher,
  table: SealedTable,
  failed: (key: string, error: unknown) => void,
): Promise<RotatedRows> {
  const result: RotatedRows = { rotated: 0, skipped: 0, failed: 0 };
  for (let after: readonly string[] | undefined; ;) {
    const scanned = await scanAfter(sql, cipher, table, after);
    const rows = scanned.filter((row): row is OutdatedRow => row.sealed !== null);
    const readable = rows.flatMap((row) => {
      try {
        return [{ ...row, renewed: renew(cipher, table, row) }];
      } catch (error) {
        failed(row.key.join(':'), error);
        return [];
      }
    });
    const rotated = readable.length > 0 ? await replace(sql, table, readable) : 0;
    result.rotated += rotated;
    result.skipped += readable.length - rotated;
    result.failed += rows.length - readable.length;
    if (scanned.length < rotationBatch) return result;
    after = scanned.at(-1)!.key;
  }
}

/** The next rows in the order of the key; those that are up to date without their values. */
async function scanAfter(
  sql: Sql,
  { version }: FieldCipher,
  table: SealedTable,
  after: readonly string[] | undefined,
): Promise<ScannedRow[]> {
  const keys = Object.entries(table.key);
  const columns = Object.keys(table.columns).map((column) => cipherIn(table, column));
  const place = keys.map(([, type], at) => `$${at + 2}::${type}`).join(', ');
  const { rows } = await sql.query<ScannedRow>(
    `SELECT array[${keys.map(([name]) => `t.${name}::text`).join(', ')}] AS key,
            CASE WHEN ${columns.map((column) => `${column} NOT LIKE $1`).join(' OR ')} THEN array[${columns.join(', ')}] END AS sealed
       FROM ${table.table} t ${after ? `WHERE (${keys.map(([name]) => `t.${name}`).join(', ')}) > (${place})` : ''}
      ORDER BY ${keys.map(([name]) => `t.${name}`).join(', ')} LIMIT ${rotationBatch}`,
    [`${version}.%`, ...(after ?? [])],
  );
  return rows;
}

/** @throws FieldKeyUnknown, FieldDecryptionFailed */
const renew = (cipher: FieldCipher, table: SealedTable, { key, sealed }: OutdatedRow): (string | null)[] =>
  Object.values(table.columns).map((boundTo, at) => {
    const stored = sealed[at] ?? null;
    if (stored === null || !cipher.isOutdated(stored)) return stored;
    const row = key.join(':');
    return cipher.encrypt(cipher.decrypt(stored, boundTo, row), boundTo, row);
  });

async function replace(
  sql: Sql,
  table: SealedTable,
  rows: readonly (OutdatedRow & { readonly renewed: readonly (string | null)[] })[],
): Promise<number> {
  const keys = Object.entries(table.key);
  const columns = Object.keys(table.columns);
  const names = [
    ...keys.map(([name]) => name),
    ...columns.map((_, at) => `old${at}`),
    ...columns.map((_, at) => `new${at}`),
  ];
  const types = [...keys.map(([, type]) => type), ...columns.flatMap(() => ['text', 'text'])];
  const values = names.map((_, at) =>
    rows.map(({ key, sealed, renewed }) => [...key, ...sealed, ...renewed][at] ?? null),
  );
  const sameKey = (left: string, right: string) =>
    keys.map(([name]) => `${left}.${name} = ${right}.${name}`).join(' AND ');
  const set = columns.map((column, at) =>
    table.member === undefined
      ? `${column} = n.new${at}`
      : `${column} = CASE WHEN n.new${at} IS NULL THEN t.${column}
           ELSE jsonb_set(t.${column}, '{${table.member}}', to_jsonb(n.new${at})) END`,
  );
  const { rowCount } = await sql.query(
    `WITH n AS (SELECT * FROM unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')}) AS n(${names.join(', ')})),
          locked AS MATERIALIZED (
            SELECT ${keys.map(([name]) => `t.${name}`).join(', ')} FROM ${table.table} t JOIN n ON ${sameKey('t', 'n')}
             WHERE ${columns.map((column, at) => `${cipherIn(table, column)} IS NOT DISTINCT FROM n.old${at}`).join(' AND ')}
               FOR NO KEY UPDATE OF t SKIP LOCKED)
     UPDATE ${table.table} t SET ${set.join(', ')} FROM n, locked WHERE ${sameKey('t', 'n')} AND ${sameKey('t', 'locked')}`,
    values,
  );
  return rowCount;
}
