import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { PRISMA } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Passkey, PrismaClient } from '../generated/prisma/client.js';
import { SignInAttempts, type SignInPlace, type SignInResult } from '../oidc/sign-in-attempts.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { issueChallenge, useUpChallenge } from './passkey-challenges.js';
import { answerIn, RelyingParty, type PasskeyAnswer } from './relying-party.js';

/** Signs people in with a passkey, which says itself whose it is. The device checks who holds it, by PIN or body. */
@Injectable()
export class PasskeySignIn {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    @Inject(PRISMA) private readonly prisma: PrismaClient,
    private readonly relyingParty: RelyingParty,
    private readonly attempts: SignInAttempts,
  ) {}

  /** @returns What a browser asks its passkeys; undefined where there are none. @param interactionUid Of the sign-in. */
  async offer(interactionUid: string): Promise<PublicKeyCredentialRequestOptionsJSON | undefined> {
    if (!this.relyingParty.hasPasskeys) return undefined;
    const challenge = await this.uow.single(({ sql }) => issueChallenge(sql, interactionUid));
    return { challenge, rpId: this.relyingParty.id, userVerification: 'required' };
  }

  /**
   * @param input The form.
   * @returns Undefined if the passkey is unknown or does not prove anything.
   * @throws LoginThrottled
   */
  async execute(interactionUid: string, input: unknown, place: SignInPlace): Promise<SignInResult | undefined> {
    const answer = answerIn<AuthenticationResponseJSON>(input);
    if (!answer) return undefined;
    const passkey = await this.find(answer.credential);
    const account = passkey && (await this.attempts.account('id', passkey.userId, place));
    return this.attempts.run({ method: 'passkey', counted: answer.credential.id, account, place }, async () => {
      const fresh = await this.uow.single(({ sql }) => useUpChallenge(sql, answer.challenge, interactionUid));
      return fresh && passkey !== undefined && this.proves(answer, passkey);
    });
  }

  /** The passkey has to name the account that it was made for (WebAuthn 3, 7.2, step 6). */
  private async find({ id, response }: AuthenticationResponseJSON): Promise<Passkey | undefined> {
    const passkey = await this.prisma.passkey.findUnique({ where: { credentialId: id } });
    const named = Buffer.from(response.userHandle ?? '', 'base64url').toString();
    return passkey?.userId === named ? passkey : undefined;
  }

  private async proves(answer: PasskeyAnswer<AuthenticationResponseJSON>, passkey: Passkey): Promise<boolean> {
    const { id, credentialId, publicKey, counter } = passkey;
    const stored = { id: credentialId, publicKey, counter: Number(counter) };
    const used = await this.relyingParty.verifyUse(answer, stored);
    if (!used) return false;
    // Only from the count that was compared: of two copies of a key that sign at the same instant, one gets in.
    const { count } = await this.prisma.passkey.updateMany({
      where: { id, counter },
      data: { counter: used.newCounter, lastUsedAt: new Date() },
    });
    return count === 1;
  }
}
