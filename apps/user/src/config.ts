import { authSettings } from '@causeway/auth/settings';
import { durationMs, integer, list, secret, withDefault } from '@causeway/config';
import { email } from '@causeway/contracts';
import { fieldKeySettings } from '@causeway/persistence/settings';
import type { SettingsOf } from '@causeway/service-host';
import { z } from 'zod';
import type { service } from './service.js';

const loopback = /^(127\.0\.0\.1|\[::1\]|localhost)$/;

/** OAuth 2.1: a code must not cross a network in the clear, so http is for loopback addresses only (RFC 8252, 7.3). */
const redirectUri = z.url({ error: 'expected URLs' }).refine(
  (uri) => {
    const { protocol, hostname, hash } = new URL(uri);
    return (protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))) && hash === '';
  },
  { error: 'expected https URLs, or http ones on a loopback address, without a fragment' },
);

/** All settings of this service; the README explains each. */
export const settings = {
  ...fieldKeySettings,
  /** This service is the issuer: the OpenID provider is mounted under the path of this URL. */
  AUTH_ISSUER: authSettings.AUTH_ISSUER.refine((issuer) => new URL(issuer).pathname.length > 1, {
    error: 'expected a URL with a path, for example https://shop.example.org/oidc',
  }),
  /** Keys that sign the cookies of a sign-in: the first one signs, the others are still accepted. */
  OIDC_COOKIE_KEYS: list().pipe(z.array(z.string().min(32))),
  /** Redirect URIs of the public client `causeway-demo`. */
  OIDC_REDIRECT_URIS: list().pipe(z.array(redirectUri)),
  /** Where `causeway-demo` may have a browser sent after the sign-out. */
  OIDC_POST_LOGOUT_REDIRECT_URIS: list().pipe(z.array(redirectUri)).optional(),
  /** Redirect URIs of the public client `causeway-docs`, the API documents page. Without them the client does not exist. */
  OIDC_DOCS_REDIRECT_URIS: list().pipe(z.array(redirectUri)).optional(),
  /** Secret of the confidential client `causeway-ops`. */
  OIDC_MACHINE_SECRET: secret(32),
  /** How long a refresh token may be used again after its first use, so that two tabs may refresh at once; 0 for never. */
  REFRESH_TOKEN_REUSE_MS: withDefault(durationMs(0, 60_000), '10000'),
  /** How long a new signing key is published before it signs. */
  SIGNING_KEY_PUBLISH_MS: withDefault(durationMs(0, 31 * 86_400_000), '86400000'),
  /** How long a key stays published after it has signed. Default: a session, in which an ID token still names it at sign-out. */
  SIGNING_KEY_RETIRE_MS: withDefault(durationMs(1_000, 31 * 86_400_000), '43200000'),
  /** How often an instance looks for other signing keys. */
  SIGNING_KEY_POLL_MS: withDefault(durationMs(50, 600_000), '5000'),
  /**
   * Where mail goes: `smtps://user@host:465`, `smtp://…:587` (STARTTLS is required, except on loopback), or
   * `file:///folder`, which writes a file for each mail and is for trying things out.
   */
  MAIL_URL: z.url({ protocol: /^(smtps?|file)$/, error: 'expected an smtps, smtp or file URL' }),
  /** Password of the user in MAIL_URL. */
  MAIL_PASSWORD: secret(1).optional(),
  /** Sender of all mail. */
  MAIL_FROM: withDefault(email, 'no-reply@causeway.example'),
  /**
   * Passwords hashed at the same time; each takes 19 MiB and a core. With 4, a burst of sign-ins brought a process that had
   * served for a while to 252 of the 256 MiB of a container.
   */
  PASSWORD_HASH_CONCURRENCY: withDefault(integer(1, 64), '2'),
  /** Sign-ins and registrations that may wait for a slot; beyond that, the response is LOGIN_BUSY. */
  PASSWORD_HASH_QUEUE: withDefault(integer(0, 10_000), '32'),
  /** Failed sign-ins of one account from one address in a window. */
  LOGIN_FAILURES_PER_ACCOUNT: withDefault(integer(1, 1_000), '5'),
  /** Failed sign-ins from one address in a window. */
  LOGIN_FAILURES_PER_ADDRESS: withDefault(integer(1, 100_000), '50'),
  /** How often one address is told in an hour that an e-mail address is registered already. */
  EMAIL_TAKEN_PER_ADDRESS: withDefault(integer(1, 100_000), '20'),
  /** Failed sign-ins of one account from unknown places, whatever their address, before they are delayed. */
  LOGIN_FAILURES_BEFORE_DELAY: withDefault(integer(1, 1_000), '10'),
  /** Longest delay of a sign-in from an unknown place. The first is a second, and each next one twice as long. */
  LOGIN_MAX_DELAY_MS: withDefault(durationMs(1_000), '900000'),
  LOGIN_WINDOW_MS: withDefault(durationMs(1_000), '900000'),
  /** Pause between two purges of expired rows. */
  HOUSEKEEPING_INTERVAL_MS: withDefault(durationMs(1_000), '600000'),
};

export type UserSettings = SettingsOf<typeof service>;
export type OidcSettings = Pick<
  UserSettings,
  | 'AUTH_ISSUER'
  | 'AUTH_AUDIENCE'
  | 'OIDC_COOKIE_KEYS'
  | 'OIDC_REDIRECT_URIS'
  | 'OIDC_POST_LOGOUT_REDIRECT_URIS'
  | 'OIDC_DOCS_REDIRECT_URIS'
  | 'OIDC_MACHINE_SECRET'
  | 'REFRESH_TOKEN_REUSE_MS'
>;
