import { getLogger } from '@causeway/telemetry';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { IdentityUnavailable } from './errors.js';

const log = getLogger('auth');

type Keys = ReturnType<typeof createLocalJWKSet>;

export interface KeySourceOptions {
  /**
   * Age at which keys are fetched again in the background, milliseconds. Default 60 000. It bounds how long a key that was
   * compromised is accepted after it has been retired.
   */
  readonly maxAgeMs?: number;
  /**
   * Least time between two fetches, successful or not, milliseconds. Keeps forged key ids from causing load. Default 10
   * 000.
   */
  readonly cooldownMs?: number;
  /** Least time between two fetches while no keys are known, milliseconds. Default 500. */
  readonly retryMs?: number;
  /** Timeout of one fetch, milliseconds. Default 2 000. */
  readonly timeoutMs?: number;
  /** Clock, milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/**
 * The issuer's public keys. Unlike jose's remote set, it keeps the keys it has for as long as the issuer is down: a
 * restart of the user service must not turn every other request of the system into a 503. An unknown key id triggers a
 * fetch at once, within the cooldown.
 */
export class KeySource {
  private keys: Keys | undefined;
  private kids = new Set<string | undefined>();
  private readAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private lastError: unknown;
  private readonly options: Required<KeySourceOptions>;

  /** @param keyVanished Told when a key is published no longer: nothing it signed is valid from then on. */
  constructor(
    private readonly url: string,
    private readonly keyVanished: () => unknown = () => undefined,
    options: KeySourceOptions = {},
  ) {
    this.options = {
      maxAgeMs: 60_000,
      cooldownMs: 10_000,
      retryMs: 500,
      timeoutMs: 2_000,
      now: () => performance.now(),
      ...options,
    };
  }

  /**
   * Finds the key of a token, for jose's `jwtVerify`.
   * @throws IdentityUnavailable if no keys are known; JWKSNoMatchingKey if none matches.
   */
  readonly get = async (header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<Keys> => {
    if (!this.keys) await this.read(this.options.retryMs);
    if (!this.keys) throw new IdentityUnavailable({ cause: this.lastError });
    this.refresh();
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.read(this.options.cooldownMs);
      return await this.keys(header, token);
    }
  };

  /** Fetches keys that are too old in the background. Call it also where a token needs no key: a verified one. */
  refresh(): void {
    const { now, maxAgeMs, cooldownMs } = this.options;
    if (now() - this.readAt > maxAgeMs) void this.read(Math.min(cooldownMs, maxAgeMs));
  }

  /**
   * Fetches the keys unless the last attempt was less than `pauseMs` ago. Concurrent callers share one fetch. Never
   * rejects.
   */
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
        // One request in minutes: a kept connection would be closed by then.
        headers: { accept: 'application/json', connection: 'close' },
        signal: AbortSignal.timeout(this.options.timeoutMs),
        redirect: 'error',
      });
      if (!response.ok) throw new Error(`the key set endpoint responded with status ${response.status}`);
      const set = (await response.json()) as JSONWebKeySet;
      this.keys = createLocalJWKSet(set);
      const before = this.kids;
      this.kids = new Set(set.keys.map(({ kid }) => kid));
      if ([...before].some((kid) => !this.kids.has(kid))) this.keyVanished();
      this.readAt = this.options.now();
      this.lastError = undefined;
    } catch (error) {
      this.lastError = error;
      const next = this.keys ? 'keeping the keys we have' : 'requests get 503 until they can be fetched';
      log.warn(
        { err: error, known: this.keys !== undefined },
        `keys of the identity provider could not be fetched; ${next}`,
      );
    }
  }
}
