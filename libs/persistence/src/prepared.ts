import { createHash } from 'node:crypto';
import { sqlStateOf } from './errors.js';

/** Most statements that are prepared. Texts are constants, so more of them means that one holds values. */
const most = 1_000;

const names = new Map<string, string>();
/** Part of every name; see `forgetPrepared`. */
let generation = 0;

/**
 * Returns the name under which a statement is prepared: each connection parses and plans it once, and afterwards sends
 * only the name and the values. That is 28 % of the server's work for an order
 * (docs/decisions/0026-prepared-statements-and-pipelines.md).
 *
 * @param text Without values.
 * @returns The same name for the same text; an empty one, which means unprepared, beyond 1 000 texts.
 */
export function preparedName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= most) return '';
  const name = `causeway_${generation}_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
  names.set(text, name);
  return name;
}

/**
 * True when a migration has changed the columns that a prepared statement returns. The server refuses to run it under
 * its old name; nothing has happened.
 */
export const isStale = (error: unknown): boolean =>
  sqlStateOf(error) === '0A000' && /cached plan must not change result type/.test(String(error));

/** Prepares everything anew, under other names: each connection still has the old ones. */
export function forgetPrepared(): void {
  generation += 1;
  names.clear();
}
