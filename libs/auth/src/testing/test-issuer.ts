import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { AuthSettings } from '../settings.js';

export interface TestToken {
  /** Default `client`, which makes the token a person's. For a machine, pass the same value as `subject`. */
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  /** Seconds from now; negative for an expired token. Default 300. */
  readonly expiresInSeconds?: number;
  readonly issuer?: string;
  readonly audience?: string;
  /** Default `at+jwt`. */
  readonly typ?: string;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An identity provider for tests: serves its public keys on loopback and signs any token. */
export class TestIssuer {
  /** How often the keys were fetched. */
  reads = 0;
  private keys: SigningKey[] = [];
  private made = 0;
  private down = false;

  private constructor(
    private readonly server: Server,
    /** For `AuthModule.forRoot` and `TokenVerifier`. */
    readonly settings: Omit<AuthSettings, 'AUTH_JWKS_MAX_AGE_MS'>,
  ) {}

  static async start(): Promise<TestIssuer> {
    const server = createServer((_request, response) => issuer.sendKeys(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const issuer = new TestIssuer(server, {
      AUTH_ISSUER: `${origin}/oidc`,
      AUTH_AUDIENCE: 'urn:causeway:api',
      AUTH_JWKS_URL: `${origin}/oidc/jwks`,
    });
    await issuer.rotate();
    return issuer;
  }

  /** Starts signing with a new key. Old keys stay published unless `forget` is set. */
  async rotate(options: { readonly forget?: boolean } = {}): Promise<void> {
    // ES256, because generating an RSA key takes a tenth of a second.
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    this.made += 1;
    const kid = `key-${this.made}`;
    const key = { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
    this.keys = options.forget ? [key] : [...this.keys, key];
  }

  /** While down, the key endpoint responds with 503. */
  setDown(down: boolean): void {
    this.down = down;
  }

  /** Signs a token. @param subject User id, or client id of a machine. */
  async sign(subject: string, token: TestToken = {}): Promise<string> {
    const key = this.keys.at(-1);
    if (!key) throw new Error('TestIssuer has no key; use TestIssuer.start()');
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({ client_id: token.clientId ?? 'client', scope: (token.scopes ?? []).join(' ') })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: token.typ ?? 'at+jwt' })
      .setIssuer(token.issuer ?? this.settings.AUTH_ISSUER)
      .setAudience(token.audience ?? this.settings.AUTH_AUDIENCE)
      .setSubject(subject)
      .setIssuedAt(now)
      .setExpirationTime(now + (token.expiresInSeconds ?? 300))
      .sign(key.privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private sendKeys(response: ServerResponse): void {
    this.reads += 1;
    response.writeHead(this.down ? 503 : 200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }));
  }
}
