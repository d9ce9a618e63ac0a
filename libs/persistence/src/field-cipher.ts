import { createCipheriv, createDecipheriv, createHmac, randomBytes, type KeyObject } from 'node:crypto';
import { CodedError } from '@causeway/errors';
import type { FieldKeys } from './field-keys.js';

/** A stored value names a key version that `FIELD_KEYS` does not hold. */
export class FieldKeyUnknown extends CodedError {
  readonly code = 'FIELD_KEY_UNKNOWN';
  readonly remedy =
    'Put the missing version back into FIELD_KEYS. Remove a key only after every row has been encrypted again.';

  constructor(readonly version: string) {
    super(`no field key of version ${version} is configured`);
  }
}

/** A stored value was changed, moved to another row or column, or encrypted with another key of the same version. */
export class FieldDecryptionFailed extends CodedError {
  readonly code = 'FIELD_DECRYPTION_FAILED';
  readonly remedy =
    'Compare FIELD_KEYS with the keys of the environment that wrote the row; restore the row if it was edited.';

  constructor(column: string, options?: ErrorOptions) {
    super(`a value of ${column} could not be decrypted`, options);
  }
}

/** Where a value is stored: `table.column`. */
export type ColumnName = `${string}.${string}`;

/**
 * Encrypts single fields with AES-256-GCM. A stored value reads `v1.<base64url of iv, ciphertext and tag>`: it names
 * its key, so keys rotate without downtime. Column and row are authenticated too: a value that is copied elsewhere does
 * not decrypt.
 */
export class FieldCipher {
  constructor(private readonly keys: FieldKeys) {}

  /** The key version that encrypts. */
  get version(): string {
    return this.keys.current;
  }

  /**
   * @param column `table.column`.
   * @param rowId  Primary key of the row.
   */
  encrypt(plaintext: string, column: ColumnName, rowId: string): string {
    const version = this.keys.current;
    // A random 96-bit IV is safe for 2^32 values a key (NIST SP 800-38D, 8.3); rotate before that.
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(version), iv).setAAD(context(column, rowId));
    const sealed = [iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${version}.${Buffer.concat(sealed).toString('base64url')}`;
  }

  /** @throws FieldKeyUnknown, FieldDecryptionFailed */
  decrypt(stored: string, column: ColumnName, rowId: string): string {
    const [, version, sealed] = /^(v\d+)\.([\w-]+)$/.exec(stored) ?? [];
    if (!version || !sealed) throw new FieldDecryptionFailed(column);
    const key = this.keyOf(version);
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < 28) throw new FieldDecryptionFailed(column);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
        .setAAD(context(column, rowId))
        .setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
    } catch (error) {
      throw new FieldDecryptionFailed(column, { cause: error });
    }
  }

  /** True when another key than the current one encrypted the value. */
  isOutdated(stored: string): boolean {
    return !stored.startsWith(`${this.keys.current}.`);
  }

  private keyOf(version: string): KeyObject {
    const key = this.keys.key(version);
    if (!key) throw new FieldKeyUnknown(version);
    return key;
  }
}

const context = (column: ColumnName, rowId: string): Buffer => Buffer.from(`${column}:${rowId}`);

/**
 * Finds rows by an encrypted field, through a keyed hash of the normalized value in another column. Equal values have
 * equal hashes, so use it only for fields where that may be known (e-mail: yes; country: no).
 */
export class BlindIndex {
  constructor(private readonly key: string) {}

  /**
   * @param value  Trimmed, normalized to NFKC and lower-cased before hashing, so `Ann@Example.org ` equals
   *   `ann@example.org`.
   * @param column `table.column`. The same value has another hash in another column.
   * @returns 43 characters, base64url.
   */
  of(value: string, column: ColumnName): string {
    const normalized = value.trim().normalize('NFKC').toLowerCase();
    return createHmac('sha256', this.key).update(`${column}\0${normalized}`).digest('base64url');
  }
}
