import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestIssuer, type TestToken } from '@causeway/auth/testing';

/**
 * A key set that holds the keys of the system and one of the test: services that read it accept the system's tokens and
 * those that the test signs, such as one that is valid but for its expiry.
 */
export class SecondIssuer {
  /** URL of the system's own keys; set once it is known. */
  systemKeys: string | undefined;

  private constructor(
    private readonly issuer: TestIssuer,
    /** For `AUTH_JWKS_URL`. */
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  static async start(): Promise<SecondIssuer> {
    const issuer = await TestIssuer.start();
    const server = createServer((_request, response) => {
      second.keys().then(
        (keys) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys })),
        () => response.writeHead(503).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const second = new SecondIssuer(issuer, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await issuer.close();
    });
    return second;
  }

  sign(subject: string, token: TestToken): Promise<string> {
    return this.issuer.sign(subject, token);
  }

  private async keys(): Promise<unknown[]> {
    if (this.systemKeys === undefined) throw new Error('the system is not there yet');
    const urls = [this.systemKeys, this.issuer.settings.AUTH_JWKS_URL];
    const sets = urls.map(async (url) => ((await (await fetch(url)).json()) as { keys: unknown[] }).keys);
    return (await Promise.all(sets)).flat();
  }
}
