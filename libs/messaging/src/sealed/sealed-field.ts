import { text } from '@causeway/contracts';
import { CodedError } from '@causeway/errors';
import { compactDecrypt, CompactEncrypt, errors } from 'jose';
import { z } from 'zod';
import type { SealedKeys } from './sealed-keys.js';

/** A sealed value names a key that this service does not hold. */
export class SealedKeyUnknown extends CodedError {
  readonly code = 'SEALED_KEY_UNKNOWN';
  readonly remedy =
    'Put the private key of that version back, then replay the dead letter. Remove a key only after every message it may have sealed is gone.';

  constructor(version: string) {
    super(`a value is sealed for key ${version}, which is not configured`);
  }
}

/** A sealed value was altered, sealed with another key of the same version, or copied from another message. */
export class SealedValueInvalid extends CodedError {
  readonly code = 'SEALED_VALUE_INVALID';
  readonly remedy =
    'Compare the public key of the sender with the private keys of the receiver. If they match, find out who wrote the message, and discard it.';

  constructor(options?: ErrorOptions) {
    super('a sealed value could not be opened', options);
  }
}

/** Fixed on both sides, so that no header of a value chooses a weaker one. */
const algorithm = { alg: 'ECDH-ES', enc: 'A256GCM' } as const;
const content = z.object({ for: text, value: text });

/**
 * Seals single values so that only the holder of the private key can read them: not the broker, not the database of the
 * sender, not the sender itself. JWE in compact form (RFC 7516), ECDH-ES on P-256 with AES-256-GCM.
 */
export class FieldSealer {
  /** @param keys Public keys; the last version seals. */
  constructor(private readonly keys: SealedKeys) {}

  /**
   * @param subject What the value belongs to, such as the id of a payment. Inside the seal: a value that is copied into
   *   the message of another one does not open.
   * @returns About 350 characters more than `4/3 × value`, another text each time.
   */
  seal(value: string, subject: string): Promise<string> {
    const { current } = this.keys;
    return new CompactEncrypt(Buffer.from(JSON.stringify({ for: subject, value })))
      .setProtectedHeader({ ...algorithm, kid: current })
      .encrypt(this.keys.key(current)!);
  }
}

/** Opens what a {@link FieldSealer} sealed. */
export class FieldOpener {
  /** @param keys Private keys; all of them open. */
  constructor(private readonly keys: SealedKeys) {}

  /** @throws SealedKeyUnknown, SealedValueInvalid (also when the value belongs to another subject) */
  async open(sealed: string, subject: string): Promise<string> {
    const { for: owner, value } = await this.contentOf(sealed);
    if (owner !== subject) throw new SealedValueInvalid();
    return value;
  }

  private async contentOf(sealed: string): Promise<z.infer<typeof content>> {
    try {
      const opened = await compactDecrypt(sealed, ({ kid = '(none)' }) => this.keyOf(kid), {
        keyManagementAlgorithms: [algorithm.alg],
        contentEncryptionAlgorithms: [algorithm.enc],
      });
      return content.parse(JSON.parse(Buffer.from(opened.plaintext).toString()));
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof SyntaxError)
        throw new SealedValueInvalid({ cause: error });
      throw error;
    }
  }

  private keyOf(version: string) {
    const key = this.keys.key(version);
    if (!key) throw new SealedKeyUnknown(/^v\d{1,6}$/.test(version) ? version : 'of another form');
    return key;
  }
}
