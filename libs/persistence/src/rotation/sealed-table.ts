import type { ColumnName } from '../field-cipher.js';

/**
 * A table with columns that a `FieldCipher` encrypts, as data: what `npx causeway crypto rotate` encrypts again. A service
 * lists all of its own in `sealed-tables.ts`.
 */
export interface SealedTable {
  /** `users`, `causeway.idempotency`. */
  readonly table: string;
  /**
   * Columns of the primary key and their SQL types, in its order. Their values, joined by `:`, are the row id that the
   * ciphertexts are bound to.
   */
  readonly key: Readonly<Record<string, string>>;
  /** The column that each ciphertext is in, and the name that it is bound to: `{ email_sealed: 'users.email' }`. */
  readonly columns: Readonly<Record<string, ColumnName>>;
  /** The columns are `jsonb`, and the ciphertext is the text of this member. Values without it are left alone. */
  readonly member?: string;
}

/** SQL for the ciphertext in a column. */
export const cipherIn = ({ member }: SealedTable, column: string, of = 't'): string =>
  member === undefined ? `${of}.${column}` : `${of}.${column} ->> '${member}'`;
