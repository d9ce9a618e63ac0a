import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters, type JWTPayload } from 'jose';

/**
 * Serves the issuer's public keys to the verifiers of an attacked system, and one more: so that a test can sign what
 * the issuer never would, such as an expired token, and a refusal is about the claims and not about the signature.
 */
export class TrustedIssuer {
  /** Where the issuer's own keys are; set once the system runs. */
  issuerKeys = '';
  /** Paths that were asked for besides the keys: where a forged header lured a verifier. */
  readonly lured: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly privateKey: CryptoKey,
    private readonly kid: string,
  ) {}

  static async start(): Promise<TrustedIssuer> {
    const kid = 'attack';
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const own = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
    const server = createServer((request, response) => {
      if (request.url !== '/jwks') issuer.lured.push(request.url ?? '');
      void issuer.keys().then((keys) => {
        response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
        response.end(JSON.stringify({ keys: [...keys, own] }));
      });
    });
    const issuer = new TrustedIssuer(server, privateKey, kid);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Signs any claims with a key that every service trusts. */
  sign(claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const { crit, ...others } = header;
    const protectedHeader = { alg: 'ES256', kid: this.kid, typ: 'at+jwt', ...others, ...(crit && { crit }) };
    // jose signs a critical header only if it is told that the verifier will know it.
    const options = crit && { crit: Object.fromEntries(crit.map((name) => [name, true])) };
    return new SignJWT(claims).setProtectedHeader(protectedHeader).sign(this.privateKey, options);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async keys(): Promise<readonly unknown[]> {
    if (this.issuerKeys === '') return [];
    const response = await fetch(this.issuerKeys);
    return ((await response.json()) as { keys: unknown[] }).keys;
  }
}
