import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { FieldCipher, PRISMA } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Passkey, PrismaClient } from '../generated/prisma/client.js';
import { MailQueue } from '../mail/mail-queue.js';
import { hashOf } from '../oidc/prisma-oidc-adapter.js';
import { endAllSessions, hasFreshSignIn } from '../sessions/sessions.js';
import { UNIT_OF_WORK, type UserTransaction, type UserUnitOfWork } from '../tokens.js';
import { Profiles } from '../users/profiles.js';
import { SignInTooOld } from '../users/user.errors.js';
import { issueChallenge, useUpChallenge } from './passkey-challenges.js';
import { algorithms, answerIn, RelyingParty } from './relying-party.js';

const sealedColumn = 'passkeys.name';
/** Most passkeys of an account. */
const mostPasskeys = 20;

/** Who looks after the passkeys of his account, and in which session. */
export interface PasskeyOwner {
  readonly userId: string;
  /** `uid` of oidc-provider's session. */
  readonly sessionUid: string;
}

export interface PasskeyList {
  readonly passkeys: readonly (Passkey & { readonly name: string })[];
  readonly options: PublicKeyCredentialCreationOptionsJSON;
}

/** The passkeys of an account. Whoever sees or changes them has proved who he is minutes ago, in this session. */
@Injectable()
export class Passkeys {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    @Inject(PRISMA) private readonly prisma: PrismaClient,
    private readonly relyingParty: RelyingParty,
    private readonly cipher: FieldCipher,
    private readonly profiles: Profiles,
    private readonly mails: MailQueue,
  ) {}

  isOwner({ userId, sessionUid }: PasskeyOwner): Promise<boolean> {
    return this.uow.single(({ sql }) => hasFreshSignIn(sql, userId, hashOf(sessionUid)));
  }

  /** @returns The passkeys, oldest first, and what a browser needs to make one in a device that has none of them. */
  async read({ userId, sessionUid }: PasskeyOwner): Promise<PasskeyList> {
    const [{ generateRegistrationOptions }, profile, rows, challenge] = await Promise.all([
      import('@simplewebauthn/server'),
      this.profiles.read(userId),
      this.prisma.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' } }),
      this.uow.single(({ sql }) => issueChallenge(sql, sessionUid)),
    ]);
    const options = await generateRegistrationOptions({
      rpName: 'Causeway',
      rpID: this.relyingParty.id,
      userID: new Uint8Array(Buffer.from(userId)),
      userName: profile.email,
      userDisplayName: profile.displayName,
      challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
      // What the device is, is of no interest here; a statement about it would only tell people apart.
      attestationType: 'none',
      supportedAlgorithmIDs: algorithms,
      excludeCredentials: rows.map(({ credentialId }) => ({ id: credentialId })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    const name = ({ id, nameSealed }: Passkey): string => this.cipher.decrypt(nameSealed, sealedColumn, id);
    return { passkeys: rows.map((row) => ({ ...row, name: name(row) })), options };
  }

  /**
   * Adds a passkey, and tells the owner by mail. Sessions go on: nothing was taken away.
   * @param input The form.
   * @returns False if it is not the answer to an offer, exists already, or is one too many.
   * @throws SignInTooOld
   */
  async add(owner: PasskeyOwner, name: string, input: unknown, address: string): Promise<boolean> {
    const answer = answerIn<RegistrationResponseJSON>(input);
    if (!answer) return false;
    const fresh = await this.uow.single(({ sql }) => useUpChallenge(sql, answer.challenge, owner.sessionUid));
    const made = fresh ? await this.relyingParty.verifyNew(answer) : undefined;
    if (!made) return false;
    return this.asOwner(owner, async (tx) => {
      const { userId } = owner;
      const id = uuidv7();
      const { id: credentialId, publicKey, counter } = made.credential;
      const { rowCount } = await tx.sql.query(
        `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, name_sealed, created_at)
         SELECT $1, $2, $3, $4, $5, $6, now() WHERE (SELECT count(*) FROM passkeys WHERE user_id = $2) < ${mostPasskeys}
         ON CONFLICT DO NOTHING`,
        [id, userId, credentialId, publicKey, counter, this.cipher.encrypt(name, sealedColumn, id)],
      );
      if (rowCount === 0) return false;
      await this.mails.enqueue(tx, { kind: 'passkey-added', userId });
      await tx.security.record({ type: 'passkey.added', outcome: 'success', actor: userId, subject: id, address });
      return true;
    });
  }

  /**
   * Removes a passkey, and ends everything that the account is signed in to: which of it began with that passkey, nobody
   * knows. Removing one that is gone does nothing.
   * @throws SignInTooOld
   */
  remove(owner: PasskeyOwner, id: string, address: string): Promise<boolean> {
    return this.asOwner(owner, async (tx) => {
      const { userId } = owner;
      const { rowCount } = await tx.sql.query('DELETE FROM passkeys WHERE id = $1 AND user_id = $2', [id, userId]);
      if (rowCount === 0) return false;
      const sessions = await endAllSessions(tx.sql, userId);
      await tx.security.record({
        type: 'passkey.removed',
        outcome: 'success',
        actor: userId,
        subject: id,
        address,
        details: { sessions },
      });
      return true;
    });
  }

  /** The lock decides against a reset of the password at the same instant: it finds the passkey, or this its end of sessions. */
  private asOwner<T>(owner: PasskeyOwner, change: (tx: UserTransaction) => Promise<T>): Promise<T> {
    return this.uow.run(async (tx) => {
      await tx.sql.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [owner.userId]);
      if (!(await hasFreshSignIn(tx.sql, owner.userId, hashOf(owner.sessionUid)))) throw new SignInTooOld();
      return change(tx);
    });
  }
}
