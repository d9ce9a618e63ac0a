import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import type Provider from 'oidc-provider';

const log = getLogger('signing-keys');

/**
 * The OpenID provider with the keys of this moment. oidc-provider takes its keys when it is constructed and has no way to
 * change them, so another set of keys is another `Provider`: requests in flight end with the one they began with. That costs
 * 5 ms, and nothing is lost, because all that a provider knows is in the database. Every instance looks for other keys every
 * few seconds, so that a rotation needs no restart.
 */
export class OidcIssuer implements OnApplicationBootstrap, OnModuleDestroy {
  private served!: { readonly provider: Provider; readonly handle: ReturnType<Provider['callback']> };
  private kids = '';
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  private constructor(
    private readonly load: () => Promise<JWK[]>,
    private readonly create: (keys: readonly JWK[]) => Provider,
    private readonly pollMs: number,
  ) {}

  /**
   * @param load   Published keys, the one that signs first.
   * @param pollMs Interval between two looks at them, milliseconds.
   */
  static async start(
    load: () => Promise<JWK[]>,
    create: (keys: readonly JWK[]) => Provider,
    pollMs: number,
  ): Promise<OidcIssuer> {
    const issuer = new OidcIssuer(load, create, pollMs);
    await issuer.reload();
    return issuer;
  }

  get provider(): Provider {
    return this.served.provider;
  }

  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.served.handle(request, response);
  }

  /** Takes over the keys of the database. */
  async reload(): Promise<void> {
    const keys = await this.load();
    const kids = keys.map(({ kid }) => kid).join(' ');
    if (kids === this.kids) return;
    const provider = this.create(keys);
    this.served = { provider, handle: provider.callback() };
    if (this.kids !== '') log.info({ kid: keys[0]?.kid, published: keys.length }, 'signing keys have changed');
    this.kids = kids;
  }

  onApplicationBootstrap(): void {
    // The keys of this moment stay in use while the database is away: its own warnings say so.
    const look = (): void =>
      void (this.looking ??= this.reload()
        .catch((err: unknown) => log.warn({ err }, 'signing keys could not be read; keeping those of before'))
        .finally(() => (this.looking = undefined)));
    this.timer = setInterval(look, this.pollMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }
}
