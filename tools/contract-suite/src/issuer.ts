import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters } from 'jose';

export interface TokenOptions {
  readonly scopes?: readonly string[];
  /** Seconds from now. Default 300. */
  readonly expiresInSeconds?: number;
  readonly notBeforeInSeconds?: number;
  readonly issuer?: string;
  readonly audience?: string;
  readonly typ?: string;
  /** The client; the same value as the subject for a machine. Default `client`. */
  readonly clientId?: string;
}

export type Forgery =
  'without a signature (alg none)' | 'signed with another key' | 'with an unknown key id' | 'HS256 with the public key';
export const forgeries: readonly Forgery[] = [
  'without a signature (alg none)',
  'signed with another key',
  'with an unknown key id',
  'HS256 with the public key',
];

const audience = 'urn:causeway:api';
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An identity provider: serves its public keys on loopback, signs tokens, and forges some. */
export class Issuer {
  private constructor(
    private readonly server: Server,
    private readonly keys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey },
    private readonly stranger: CryptoKey,
  ) {}

  static async start(): Promise<Issuer> {
    const algorithm = 'ES256';
    const [keys, stranger] = await Promise.all([
      generateKeyPair(algorithm, { extractable: true }),
      generateKeyPair(algorithm),
    ]);
    const jwk = { ...(await exportJWK(keys.publicKey)), kid, alg: algorithm, use: 'sig' };
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Issuer(server, keys, stranger.privateKey);
  }

  /** What a service is told about it. */
  get settings(): { readonly AUTH_ISSUER: string; readonly AUTH_AUDIENCE: string; readonly AUTH_JWKS_URL: string } {
    const origin = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return { AUTH_ISSUER: `${origin}/oidc`, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: `${origin}/oidc/jwks` };
  }

  /** An access token of a person, as RFC 9068 describes it. */
  sign(subject: string, options: TokenOptions = {}): Promise<string> {
    return this.unsigned(subject, options)
      .setProtectedHeader({ alg: 'ES256', kid, typ: options.typ ?? 'at+jwt' })
      .sign(this.keys.privateKey);
  }

  /** A token with the claims of a good one, which a service must refuse all the same. */
  async forge(how: Forgery, subject: string, options: TokenOptions = {}): Promise<string> {
    const header = (alg: string, id = kid): JWTHeaderParameters => ({ alg, kid: id, typ: 'at+jwt' });
    switch (how) {
      case 'without a signature (alg none)': {
        const [, claims] = (await this.sign(subject, options)).split('.');
        return `${base64url(header('none'))}.${claims}.`;
      }
      case 'signed with another key':
        return this.unsigned(subject, options).setProtectedHeader(header('ES256')).sign(this.stranger);
      case 'with an unknown key id':
        return this.unsigned(subject, options).setProtectedHeader(header('ES256', 'unknown')).sign(this.stranger);
      case 'HS256 with the public key': {
        const secret = new TextEncoder().encode(await exportSPKI(this.keys.publicKey));
        return this.unsigned(subject, options).setProtectedHeader(header('HS256')).sign(secret);
      }
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private unsigned(subject: string, options: TokenOptions): SignJWT {
    const now = Math.floor(Date.now() / 1_000);
    const token = new SignJWT({
      client_id: options.clientId ?? 'client',
      scope: (options.scopes ?? []).join(' '),
      // The session of a person has the id of the person: a fixture can make it.
      sid: subject,
    })
      .setIssuer(options.issuer ?? this.settings.AUTH_ISSUER)
      .setAudience(options.audience ?? audience)
      .setSubject(subject)
      .setIssuedAt(now)
      .setExpirationTime(now + (options.expiresInSeconds ?? 300));
    return options.notBeforeInSeconds === undefined ? token : token.setNotBefore(now + options.notBeforeInSeconds);
  }
}

const kid = 'key-1';
