import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@causeway/errors';

/** A page cursor was forged or changed, or belongs to another list. */
export class CursorInvalid extends CodedError {
  readonly code = 'CURSOR_INVALID';
  readonly remedy =
    'Send nextCursor of the previous page unchanged, with the same list and filters, or start again without a cursor.';

  constructor() {
    super('the page cursor is not valid');
  }
}

const signatureBytes = 16;

/**
 * Opaque, signed cursors for keyset pages. A cursor holds the sort key of the last row, for example `[createdAt, id]`.
 * Clients can read it, since it is not encrypted, but cannot change it.
 */
export class CursorCodec {
  private readonly keys: readonly Buffer[];

  /**
   * @param secret  One secret, or several during a rotation: the first signs, all are accepted.
   * @param purpose Name of the list. Each list refuses the cursors of another. Default none.
   */
  constructor(secret: string | readonly string[], purpose = '') {
    const secrets = typeof secret === 'string' ? [secret] : secret;
    if (secrets.length === 0) throw new RangeError('CursorCodec needs at least one secret');
    this.keys = secrets.map((each) => createHmac('sha256', each).update(`cursor\0${purpose}`).digest());
  }

  encode(values: readonly (string | number)[]): string {
    const payload = Buffer.from(JSON.stringify(values.map(String)));
    return `${payload.toString('base64url')}.${sign(this.keys[0]!, payload).toString('base64url')}`;
  }

  /**
   * @param arity Number of values that the cursor must hold.
   * @throws CursorInvalid
   */
  decode(cursor: string, arity: number): string[] {
    const [, payloadText, signatureText] = /^([\w-]+)\.([\w-]{22})$/.exec(cursor) ?? [];
    if (!payloadText || !signatureText) throw new CursorInvalid();
    const payload = Buffer.from(payloadText, 'base64url');
    const signature = Buffer.from(signatureText, 'base64url');
    if (!this.keys.some((key) => timingSafeEqual(sign(key, payload), signature))) throw new CursorInvalid();
    const values = JSON.parse(payload.toString()) as string[];
    if (values.length !== arity) throw new CursorInvalid();
    return values;
  }
}

const sign = (key: Buffer, payload: Buffer): Buffer =>
  createHmac('sha256', key).update(payload).digest().subarray(0, signatureBytes);

/**
 * Cuts `limit + 1` rows into a page. The extra row only shows that another page exists, which saves a count.
 * @param rows  The result of a query with `LIMIT limit + 1`.
 * @param keyOf Returns the sort key of a row.
 */
export function keysetPage<Row>(
  rows: readonly Row[],
  limit: number,
  codec: CursorCodec,
  keyOf: (row: Row) => readonly (string | number)[],
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? codec.encode(keyOf(last)) : null };
}
