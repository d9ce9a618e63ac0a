import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
  VerifiedAuthenticationResponse,
  VerifiedRegistrationResponse,
  WebAuthnCredential,
} from '@simplewebauthn/server';
import { opaque } from '@causeway/contracts';
import { getLogger } from '@causeway/telemetry';
import { isIP } from 'node:net';
import { z } from 'zod';

const log = getLogger('passkeys');

/** What a browser sends: the credential as it writes it, and the challenge that it says it has answered. */
export interface PasskeyAnswer<T extends AuthenticationResponseJSON | RegistrationResponseJSON> {
  readonly credential: T;
  readonly challenge: string;
}

/** Signatures that authenticators can make (COSE): ES256, EdDSA and RS256. */
export const algorithms = [-7, -8, -257];

const form = z.object({ credential: opaque(1, 12_000) });
const credentialSchema = z.looseObject({
  id: opaque(1, 1_400),
  response: z.looseObject({ clientDataJSON: opaque(1, 4_000) }),
});
const clientData = z.object({ challenge: opaque(1, 100) });

/** Reads a form of {@link passkeyForm}. @returns Undefined for anything else. */
export function answerIn<T extends AuthenticationResponseJSON | RegistrationResponseJSON>(
  input: unknown,
): PasskeyAnswer<T> | undefined {
  try {
    const credential = credentialSchema.parse(JSON.parse(form.parse(input).credential));
    const bytes = Buffer.from(credential.response.clientDataJSON, 'base64url');
    const { challenge } = clientData.parse(JSON.parse(bytes.toString()));
    // Its other fields are checked by the library.
    return { credential: credential as unknown as T, challenge };
  } catch {
    return undefined;
  }
}

/**
 * For whom browsers make and use passkeys: the host and the origin of the issuer. The library is loaded on demand: 24 MB,
 * which an instance needs only where people have passkeys.
 */
export class RelyingParty {
  readonly id: string;
  private readonly origin: string;

  constructor(issuer: URL) {
    this.id = issuer.hostname;
    this.origin = issuer.origin;
  }

  /** A passkey belongs to a domain name. Where the issuer is an IP address, as on a laptop, browsers refuse to make any. */
  get hasPasskeys(): boolean {
    return isIP(this.id.replace(/^\[|\]$/g, '')) === 0;
  }

  /** @returns Undefined if the new credential is not what was asked for: origin, challenge, user verification, algorithm. */
  async verifyNew({
    credential,
    challenge,
  }: PasskeyAnswer<RegistrationResponseJSON>): Promise<VerifiedRegistrationResponse['registrationInfo']> {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const verified = await verifyRegistrationResponse({
      response: credential,
      supportedAlgorithmIDs: algorithms,
      ...this.expected(challenge),
    }).catch(refused);
    return verified?.registrationInfo;
  }

  /** @returns Undefined if it is no signature of this credential over what was asked for, or the counter has gone back. */
  async verifyUse(
    { credential, challenge }: PasskeyAnswer<AuthenticationResponseJSON>,
    stored: WebAuthnCredential,
  ): Promise<VerifiedAuthenticationResponse['authenticationInfo'] | undefined> {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    const verified = await verifyAuthenticationResponse({
      response: credential,
      credential: stored,
      ...this.expected(challenge),
    }).catch(refused);
    return verified?.verified ? verified.authenticationInfo : undefined;
  }

  private expected(challenge: string) {
    return {
      expectedChallenge: challenge,
      expectedOrigin: this.origin,
      expectedRPID: this.id,
      requireUserVerification: true,
    };
  }
}

/** The library throws whatever is wrong; it asks nobody else. */
const refused = (err: unknown): undefined => {
  log.info({ err }, 'a passkey was refused');
};
