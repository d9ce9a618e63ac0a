import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf } from '../browser.js';
import type { AttackAnswer } from '../client.js';

/** The sign-in pages: foreign forms, frames, open redirects, guessing, and who has an account. */
export const signIn: Attack = {
  id: 'identity/sign-in',
  about: 'forms of other sites, frames, foreign redirects, codes without their verifier, guessing, enumeration',
  fast: true,
  run: async (system, found) => {
    await foreignForms(system, found);
    await frames(system, found);
    await foreignRedirects(system, found);
    await stolenCodes(system, found);
    await guessing(system, found);
    await enumeration(system, found);
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

/** By message, and by the work that is done: how many passwords were hashed, where we can see it. */
async function enumeration(system: AttackedSystem, found: Found): Promise<void> {
  const people = [system.stranger.email, `nobody-${Date.now()}@example.com`];
  const pages: string[] = [];
  const work: number[] = [];
  for (const email of people) {
    const browser = new AttackerBrowser(system);
    const page = await browser.get(browser.authorizationPath());
    const before = await hashes(system);
    const form = formOf(page.text);
    const { status, text } = await browser.submit(form, { email, password: 'not the right one' });
    work.push((await hashes(system)) - before);
    pages.push(`${status} ${text.replaceAll(form, '').replaceAll(email, '')}`);
  }
  if (pages[0] !== pages[1])
    found(`a wrong password and an unknown address differ: ${pages.join(' | ').slice(0, 300)}`);
  if (work[0] !== work[1]) found(`a wrong password costs ${work[0]} hashes, an unknown address ${work[1]}`);
}

async function hashes({ inside }: AttackedSystem): Promise<number> {
  const users = inside?.system.services.filter(({ service }) => service === 'user') ?? [];
  const texts = await Promise.all(
    users.map(async ({ managementUrl }) => (await fetch(`${managementUrl}/metrics`)).text()),
  );
  const lines = texts.join('\n').match(/^resilience_policy_calls\S*\{[^}]*policy="password-hash"[^}]*\} \d+/gm) ?? [];
  if (inside && lines.length === 0) throw new Error('no metric counts the hashes of passwords');
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
