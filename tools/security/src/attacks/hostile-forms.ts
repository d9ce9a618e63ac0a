import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf } from '../browser.js';
import { encodedNotUtf8, harmless, injections } from '../hostile-texts.js';
import { complaintsOf, inWords } from '../judge.js';

const encoded: readonly string[] = [...injections.map(encodeURIComponent), '%00', ...encodedNotUtf8];
/** Sent in every form, also where only a part of the others is. */
const always: readonly string[] = [encodeURIComponent('"><img src=x onerror=alert(1)>'), ...encodedNotUtf8];

/** What `input/hostile-text` does to the API, done to the OpenID provider and its pages. */
export const hostileForms: Attack = {
  id: 'input/hostile-forms',
  about: 'injections and unstorable text in every parameter of the OpenID provider and every field of its pages',
  fast: true,
  run: async (system, found) => {
    await inOidc(system, found);
    if (system.inside) await inForms(system, found);
  },
};

/** The issuer takes parameters from anybody. */
async function inOidc(system: AttackedSystem, found: Found): Promise<void> {
  const { clientId, redirectUri } = system.endpoints.oidc;
  const valid = {
    client_id: clientId,
    redirect_uri: redirectUri,
    ...{ response_type: 'code', scope: 'openid', state: 'a', nonce: 'a', prompt: 'login', login_hint: 'a' },
    ...{
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      grant_type: 'refresh_token',
      refresh_token: 'a',
    },
    ...{
      code: 'a',
      code_verifier: 'a',
      client_secret: 'a',
      resource: 'urn:causeway:api',
      id_token_hint: 'a',
      token: 'a',
    },
  };
  const names = Object.keys(valid) as (keyof typeof valid)[];
  for (const path of ['/oidc/auth', '/oidc/token', '/oidc/token/revocation', '/oidc/session/end'])
    for (const [index, name] of system.some([...names.entries()], 5))
      for (const text of system.some(encoded, 1, index, 6)) {
        const { [name]: _, ...others } = valid;
        const form = `${new URLSearchParams(others).toString()}&${name}=${text}`;
        const isForm = path.startsWith('/oidc/token');
        const sent = isForm
          ? { method: 'POST', path, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form }
          : { method: 'GET', path: `${path}?${form}`, headers: { accept: 'text/html' } };
        const answer = await system.http.send(sent);
        for (const complaint of complaintsOf(sent, answer)) found(`${name}: ${inWords(sent, answer)}: ${complaint}`);
        harmless(found, `${path} ${name}=${decodeURI(text.replaceAll('%', '%25')).slice(0, 60)}`, answer);
      }
}

/** Every field of every page that has a form. The service itself is asked, each time from another address. */
async function inForms(system: AttackedSystem, found: Found): Promise<void> {
  const browser = new AttackerBrowser(system, new URL(system.service('user')!.url));
  const signIn = await browser.get(browser.authorizationPath());
  const filled: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    [formOf(signIn.text)]: { email: 'ada@example.com', password: 'not the right one' },
    [`${formOf(signIn.text)}/passkey`]: { credential: '{"id":"a","type":"public-key"}' },
    '/oidc/password/forgotten': { email: 'ada@example.com' },
    '/oidc/password/new': { token: 'a', password: 'a long enough one' },
    '/oidc/email/confirm': { token: 'a' },
    '/oidc/session/end/confirm': { xsrf: 'a', logout: 'yes' },
  };
  let requests = 0;
  for (const [index, [path, fields]] of Object.entries(filled).entries())
    for (const name of Object.keys(fields))
      for (const text of new Set([...system.some(encoded, 2, index), ...always])) {
        requests += 1;
        browser.headers = { 'x-forwarded-for': `192.0.2.${requests % 250}` };
        const { [name]: _, ...others } = fields;
        const form = `${new URLSearchParams(others).toString()}&${name}=${text}`;
        const answer = await browser.submitForm(path, form);
        const sent = { method: 'POST', path, body: form };
        for (const complaint of complaintsOf(sent, answer)) found(`${inWords(sent, answer)}: ${complaint}`);
        const isText = !encodedNotUtf8.some((each) => each === text);
        if (!isText && answer.status !== 400) found(`${path} ${name}=${text} → ${answer.status}, not 400`);
        if (answer.status < 400 && path !== '/oidc/password/forgotten') found(`${inWords(sent, answer)}: accepted`);
        harmless(found, `${path} ${name}=${text.slice(0, 60)}`, answer);
      }
}
