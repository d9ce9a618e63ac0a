import type { RouteDefinition } from '@causeway/contracts';
import { Customer } from '@causeway/demo-client';
import { decodeJwt, type JWTPayload } from 'jose';
import type { TrustedIssuer } from './trusted-issuer.js';

type Scope = NonNullable<RouteDefinition['scope']>;

/** A token is renewed this long before it expires, seconds. */
const marginSeconds = 60;

/** A customer of the attacked system, with tokens that do not expire in the middle of an attack. */
export class Person {
  /** The user id. */
  readonly id: string;

  constructor(
    private customer: Customer,
    private readonly issuer: TrustedIssuer | undefined,
  ) {
    this.id = String(decodeJwt(customer.accessToken).sub);
  }

  get email(): string {
    return this.customer.email;
  }

  get password(): string {
    return this.customer.password;
  }

  /** A token from the issuer itself, with the scopes of every customer. */
  async issued(): Promise<string> {
    const { exp = 0 } = decodeJwt(this.customer.accessToken);
    if (exp * 1_000 - Date.now() < marginSeconds * 1_000)
      this.customer = await Customer.signIn(this.customer.endpoints, this.email, this.password);
    return this.customer.accessToken;
  }

  /** The claims of a token that is valid for five minutes from now. */
  async claims(scopes: readonly Scope[]): Promise<JWTPayload> {
    const now = Math.floor(Date.now() / 1_000);
    const issued = decodeJwt<JWTPayload>(await this.issued());
    return { ...issued, scope: scopes.join(' '), iat: now, exp: now + 300 };
  }

  /** A token with these scopes, if we can sign one; otherwise the issuer's, which may lack them. */
  async token(scopes: readonly Scope[]): Promise<string> {
    return this.issuer ? this.issuer.sign(await this.claims(scopes)) : this.issued();
  }
}
