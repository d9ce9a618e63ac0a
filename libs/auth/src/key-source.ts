import { getLogger } from '@causeway/telemetry';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { IdentityUnavailable } from './errors.js';

const log = getLogger('auth');

type Keys = ReturnType<typeof createLocalJWKSet>;

export interface KeySourceOptions {
  /** How old keys may be before they are read again, in the background, milliseconds. Default 600 000 (10 min). */
  readonly maxAgeMs?: number;
  /** The least time between two reads, successful or not, milliseconds: forged key ids must not become load. Default 10 000. */
  readonly cooldownMs?: number;
  /** After a failed read: the next one at the earliest after this, while no keys are known, milliseconds. Default 500. */
  readonly retryMs?: number;
  /** Limit of one read, milliseconds. Default 2 000. */
  readonly timeoutMs?: number;
  /** Clock, milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/**
 * The public keys of the issuer. Unlike jose's remote set it keeps the keys it has for as long as the issuer is away: a restart of the
 * user service must not turn every other request of the system into a 503. A key id that is not known is looked for at once, within the cooldown.
 */
export class KeySource {
  private keys: Keys | undefined;
  private readAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private lastError: unknown;
  private readonly options: Required<KeySourceOptions>;

  constructor(
    private readonly url: string,
    options: KeySourceOptions = {},
  ) {
    this.options = {
      maxAgeMs: 600_000,
      cooldownMs: 10_000,
      retryMs: 500,
      timeoutMs: 2_000,
      now: () => performance.now(),
      ...options,
    };
  }

  /**
   * For jose's `jwtVerify`.
   * @throws IdentityUnavailable when no keys are known; JWKSNoMatchingKey when none fits.
   */
  readonly get = async (header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<Keys> => {
    if (!this.keys) await this.read(this.options.retryMs);
    if (!this.keys) throw new IdentityUnavailable({ cause: this.lastError });
    if (this.options.now() - this.readAt > this.options.maxAgeMs) void this.read(this.options.cooldownMs);
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.read(this.options.cooldownMs);
      return await this.keys(header, token);
    }
  };

  /** Reads the keys unless that was tried less than `pauseMs` ago. Callers at the same time share one read. Never rejects. */
  private read(pauseMs: number): Promise<void> {
    if (this.reading) return this.reading;
    if (this.options.now() - this.triedAt < pauseMs) return Promise.resolve();
    this.triedAt = this.options.now();
    this.reading = this.fetchKeys().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async fetchKeys(): Promise<void> {
    try {
      const response = await fetch(this.url, {
        // Asked for once in minutes: a connection that is kept would only be found closed.
        headers: { accept: 'application/json', connection: 'close' },
        signal: AbortSignal.timeout(this.options.timeoutMs),
        redirect: 'error',
      });
      if (!response.ok) throw new Error(`the key set was answered with status ${response.status}`);
      this.keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
      this.readAt = this.options.now();
      this.lastError = undefined;
    } catch (error) {
      this.lastError = error;
      log.warn({ err: error, known: this.keys !== undefined }, 'the keys of the identity provider could not be read');
    }
  }
}
