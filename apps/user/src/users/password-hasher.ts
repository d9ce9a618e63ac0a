import { BulkheadFull, createPolicy, type Policy } from '@causeway/resilience';
import { instruments, meter } from '@causeway/telemetry';
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { LoginBusy } from './user.errors.js';

/**
 * OWASP's first choice for argon2id: 19 MiB, 2 passes, 1 lane. A hash takes 12.5 ms of a core; two cores do about
 * 110/s.
 */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const normalised = (password: string): string => password.normalize('NFKC');

export interface HashingLimits {
  /** Hashes computed at the same time. Each takes 19 MiB and a core. */
  readonly concurrency: number;
  /** Hashes that may wait for a slot; beyond that, callers get LOGIN_BUSY. */
  readonly queue: number;
}

/**
 * A hash of 32 random bytes that were thrown away. Same parameters, so that verifying it takes as long as a real one.
 */
const decoy = '$argon2id$v=19$m=19456,t=2,p=1$jryhdBoxp4T4kKZifRN+KQ$YQTJbx5/KJke/Q31+Mou4hJ1Qvv/UjVPgLO5HLSr2RQ';

/**
 * Hashes and verifies passwords. Bounded, because a burst of sign-ins would otherwise take every core from all other
 * work.
 *
 * Passwords are normalised first (NFKC; NIST SP 800-63B, 3.1.1.2): keyboards send `ü` as one character or as two, and
 * full-width letters for the same key. A hash made before that was introduced, of a password that normalisation changes,
 * matches nothing any more; its owner resets the password.
 */
export class PasswordHasher {
  private readonly policy: Policy;

  constructor({ concurrency, queue }: HashingLimits) {
    this.policy = createPolicy('password-hash', { bulkhead: { maxConcurrent: concurrency, maxQueue: queue } });
    meter('causeway.user').gauge(
      instruments.passwordHashQueued,
      { description: 'Hashes that wait for a slot; a full queue refuses sign-ins with LOGIN_BUSY', unit: '{hash}' },
      (observe) => observe(this.policy.state().bulkhead?.queued ?? 0),
    );
  }

  /** @throws LoginBusy */
  hash(password: string): Promise<string> {
    return this.bounded(() => argon2Hash(normalised(password), parameters));
  }

  /**
   * @param stored Undefined for an unknown e-mail address. The same work is done, so that the time reveals nothing.
   * @throws LoginBusy
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const equal = await this.bounded(() => argon2Verify(stored ?? decoy, normalised(password)));
    return equal && stored !== undefined;
  }

  private async bounded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.policy.execute(work);
    } catch (error) {
      if (error instanceof BulkheadFull) throw new LoginBusy({ cause: error });
      throw error;
    }
  }
}
