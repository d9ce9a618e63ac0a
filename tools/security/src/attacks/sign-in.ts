import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf } from '../browser.js';
import type { AttackAnswer } from '../client.js';

/** The sign-in pages: foreign forms, frames, open redirects, and guessing. */
export const signIn: Attack = {
  id: 'identity/sign-in',
  about: 'forms of other sites, frames, foreign redirects, codes without their verifier, guessing',
  fast: true,
  run: async (system, found) => {
    await foreignForms(system, found);
    await frames(system, found);
    await foreignRedirects(system, found);
    await stolenCodes(system, found);
    await guessing(system, found);
  },
};

/** Sign-in CSRF: somebody else’s page must not sign a browser in, or go on with a sign-in that it has begun. */
async function foreignForms(system: AttackedSystem, found: Found): Promise<void> {
  const { email, password } = system.victim;
  const begun = new AttackerBrowser(system);
  const form = formOf((await begun.get(begun.authorizationPath())).text);
  const refuses = async (about: string, browser: AttackerBrowser): Promise<void> => {
    const { status } = await browser.submit(form, { email, password });
    if (status < 400) found(`a sign-in form ${about} → ${status}`);
  };
  await refuses('without the cookie of its sign-in', new AttackerBrowser(system));
  const other = new AttackerBrowser(system);
  await other.get(other.authorizationPath());
  await refuses('with the cookie of another sign-in', other);
  for (const origin of ['https://evil.example', 'null', `${system.endpoints.gateway}.evil.example`]) {
    begun.headers = { origin };
    await refuses(`from ${origin}`, begun);
  }
  begun.headers = {};
  const [name] = [...begun.cookies.keys()].filter((each) => each.endsWith('.sig') && each.includes('interaction'));
  const kept = begun.cookies.get(name ?? '') ?? '';
  begun.cookies.set(
    name ?? '',
    kept.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
  );
  await refuses('with a cookie whose signature is changed', begun);
}

async function frames(system: AttackedSystem, found: Found): Promise<void> {
  const browser = new AttackerBrowser(system);
  const pages: readonly (readonly [string, AttackAnswer])[] = [
    ['the sign-in page', await browser.get(browser.authorizationPath())],
    ['an error page', await browser.get('/oidc/auth?client_id=nobody')],
    ['the sign-out page', await browser.get('/oidc/session/end')],
    ['the API documents', await browser.get('/docs/')],
    ['the return page', await browser.get('/callback?code=a')],
    ['the page for a forgotten password', await browser.get('/oidc/password/forgotten')],
    ['the page for a new password', await browser.get('/oidc/password/new?token=a')],
    ['the page that confirms an address', await browser.get('/oidc/email/confirm?token=a')],
  ];
  for (const [about, { headers }] of pages) {
    const policy = headers['content-security-policy'] ?? '';
    if (!String(policy).includes("frame-ancestors 'none'")) found(`${about} may be framed: ${policy}`);
    if (headers['x-frame-options'] !== 'DENY') found(`${about} has no X-Frame-Options`);
    if (/script-src[^;]*('unsafe-inline'|'unsafe-eval'|\*)/.test(String(policy))) found(`${about}: ${policy}`);
    if (headers['access-control-allow-origin'] === '*') found(`${about} may be read by every site`);
  }
  for (const line of pages.flatMap(([, { headers }]) => headers['set-cookie'] ?? []))
    if (!/; httponly/i.test(line) || !/; samesite=(lax|strict)/i.test(line))
      found(`a cookie is not protected: ${line}`);
}

async function foreignRedirects(system: AttackedSystem, found: Found): Promise<void> {
  const { redirectUri } = system.endpoints.oidc;
  const uris = [
    'https://evil.example/',
    `${redirectUri}.evil.example`,
    `${redirectUri}/../../evil`,
    redirectUri.replace('127.0.0.1', 'evil.example'),
    redirectUri.replace('127.0.0.1', '127.0.0.1@evil.example'),
    redirectUri.replace('http://', 'https://evil.example/?'),
    `${redirectUri}#a`,
    'javascript:alert(1)',
    '//evil.example',
  ];
  for (const uri of uris) {
    const browser = new AttackerBrowser(system);
    const { status, headers } = await system.http.send({
      method: 'GET',
      path: browser.authorizationPath({ redirect_uri: uri }),
      headers: { accept: 'text/html' },
    });
    if (status < 400) found(`the redirect URI ${uri} → ${status} ${headers.location ?? ''}`);
  }
  const weak = [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge: undefined },
    { code_challenge_method: 'plain' },
    { response_type: 'token' },
  ];
  for (const change of [...weak, { response_type: 'code id_token' }, { response_mode: 'query.jwt' }]) {
    const browser = new AttackerBrowser(system);
    const answer = await browser.get(browser.authorizationPath(change));
    if (answer.text.includes('<form') || /[?&#](code|access_token|id_token)=/.test(answer.path))
      found(`an authorization request with ${JSON.stringify(change)} was accepted`);
  }
}

/** A code is worth nothing without its verifier, for another client or another address. */
async function stolenCodes(system: AttackedSystem, found: Found): Promise<void> {
  const { email, password } = system.victim;
  const changes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'another verifier': { code_verifier: 'a'.repeat(43) },
    'no verifier': { code_verifier: '' },
    'another client': { client_id: 'causeway-docs' },
    'another redirect URI': { redirect_uri: `${system.endpoints.gateway}/other` },
  };
  for (const [about, change] of Object.entries(changes)) {
    const browser = new AttackerBrowser(system);
    const { status } = await browser.exchange(await browser.code(email, password), change);
    if (status < 400) found(`a code with ${about} → ${status}`);
  }
}

/** The limit for one account, whatever address a client claims to have. */
const mostGuesses = 12;

async function guessing(system: AttackedSystem, found: Found): Promise<void> {
  const { email } = await system.newcomer();
  const statuses: number[] = [];
  for (let guess = 0; guess < mostGuesses; guess += 1) {
    const browser = new AttackerBrowser(system);
    const claimed = `198.51.100.${guess}`;
    browser.headers = {
      'x-forwarded-for': claimed,
      'x-real-ip': claimed,
      forwarded: `for=${claimed}`,
      'true-client-ip': claimed,
      'cf-connecting-ip': claimed,
      'x-client-ip': claimed,
    };
    const page = await browser.get(browser.authorizationPath());
    statuses.push((await browser.submit(formOf(page.text), { email, password: `guess ${guess} of many` })).status);
  }
  if (!statuses.includes(429)) found(`${mostGuesses} guesses with as many claimed addresses → ${statuses.join()}`);
}
