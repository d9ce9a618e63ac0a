import { userRegistered, type RegisterUserBody, type UserView } from '@causeway/contracts';
import { BlindIndex, etag, FieldCipher } from '@causeway/persistence';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { assertUncommon } from '../accounts/passwords.js';
import { EmailConfirmation } from '../accounts/email-confirmation.js';
import { IdempotentPosts, type IdempotentResponse } from '../idempotent-posts.js';
import type { UserTransaction } from '../tokens.js';
import { EmailTaken } from './user.errors.js';
import { EmailProbes } from './email-probes.js';
import { PasswordHasher } from './password-hasher.js';
import { userColumns } from './user-columns.js';

/**
 * Registration has no signed-in user, so all of them share one key space. A replay needs the same body, including the
 * password.
 */
const anonymous = 'anonymous';

@Injectable()
export class Register {
  constructor(
    private readonly posts: IdempotentPosts,
    private readonly hasher: PasswordHasher,
    private readonly cipher: FieldCipher,
    private readonly index: BlindIndex,
    private readonly confirmation: EmailConfirmation,
    private readonly probes: EmailProbes,
  ) {}

  /**
   * Creates an account, its event `user.evt.registered.v1` and the mail that confirms the address in one transaction.
   * @throws PasswordTooCommon, EmailTaken, LoginThrottled, LoginBusy, IdempotencyKeyReused, IdempotencyKeyInFlight
   */
  async execute(body: RegisterUserBody, idempotencyKey: string, address: string): Promise<IdempotentResponse> {
    await this.probes.assertFew(address);
    await assertUncommon(body.password);
    // Before the transaction: 12 ms of CPU and a queue do not belong between BEGIN and COMMIT.
    const passwordHash = await this.hasher.hash(body.password);
    const scope = { subject: anonymous, route: 'POST /v1/users', key: idempotencyKey };
    const registered = this.posts.once(scope, body, async (tx) => {
      const user = await this.insert(tx, body, passwordHash);
      await tx.outbox.add(userRegistered, user.id, { userId: user.id, registeredAt: user.createdAt });
      await this.confirmation.begin(tx, user.id);
      await tx.security.record({ type: 'user.registered', outcome: 'success', actor: user.id, address });
      return {
        status: 201,
        headers: { location: '/v1/users/me', etag: etag(user.version) },
        body: user,
        owner: user.id,
      };
    });
    return registered.catch(async (error: unknown) => {
      if (error instanceof EmailTaken) await this.probes.count(address);
      throw error;
    });
  }

  private async insert(tx: UserTransaction, body: RegisterUserBody, passwordHash: string): Promise<UserView> {
    const { email, displayName } = body;
    const id = uuidv7();
    const now = new Date().toISOString();
    const { rowCount } = await tx.sql.query(
      `INSERT INTO users (id, email_index, email_sealed, display_name_sealed, password_hash, version, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, 1, $6, $6) ON CONFLICT (email_index) DO NOTHING`,
      [
        id,
        this.index.of(email, userColumns.email),
        this.cipher.encrypt(email, userColumns.email, id),
        this.cipher.encrypt(displayName, userColumns.displayName, id),
        passwordHash,
        now,
      ],
    );
    if (rowCount === 0) throw new EmailTaken();
    return { id, email, displayName, emailVerified: false, version: 1, createdAt: now, updatedAt: now };
  }
}
