import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';
import { knownBrowserDays } from './known-browsers.js';
import type { SignInPlace } from './sign-in-attempts.js';

const cookieName = '_browser';

/** Where a form comes from: the address, and the cookie of a known browser. */
export function placeOf(request: FastifyRequest): SignInPlace {
  const browser = new RegExp(`(?:^|;)\\s*${cookieName}=([\\w-]{43})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
  return { address: clientAddress(request), browser };
}

/** The `Set-Cookie` that makes a browser known. Only the pages below the issuer get it back. */
export function browserCookie(issuer: URL, value: string): string {
  const secure = issuer.protocol === 'https:' ? '; Secure' : '';
  return `${cookieName}=${value}; Path=${issuer.pathname}; Max-Age=${knownBrowserDays * 86_400}; HttpOnly; SameSite=Lax${secure}`;
}
