import type { SessionView } from '@causeway/contracts';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf, hiddenIn } from '../browser.js';
import type { Person } from '../person.js';

/** What is left of a session after its end, and whether somebody else’s can be planted. */
export const sessionEnds: Attack = {
  id: 'identity/sessions',
  about: 'planted sessions, and cookies and refresh tokens after a sign-out, an end, a new password, an erasure',
  fast: true,
  run: async (system, found) => {
    await planted(system, found);
    for (const [about, end] of Object.entries(ends)) {
      const person = await system.newcomer();
      const session = await begin(system, person);
      const { authorization } = session;
      await end(person, session, async (method, path, body) => {
        const content = body === undefined ? {} : { body: JSON.stringify(body) };
        const { headers: of } = await system.http.send({
          method: 'GET',
          path: '/v1/users/me',
          headers: { authorization },
        });
        const headers = { authorization, 'content-type': 'application/json', 'if-match': of.etag ?? '' };
        const { status, text } = await system.http.send({ method, path, headers, ...content });
        if (status >= 400) throw new Error(`${about}: ${method} ${path} → ${status} ${text.slice(0, 200)}`);
        return text;
      });
      await mustBeDead(system, found, about, session);
    }
  },
};

interface BegunSession {
  readonly browser: AttackerBrowser;
  readonly refreshToken: string;
  readonly authorization: string;
}

async function begin(system: AttackedSystem, { email, password }: Person): Promise<BegunSession> {
  const browser = new AttackerBrowser(system);
  const { text } = await browser.exchange(await browser.code(email, password));
  const tokens = JSON.parse(text) as { access_token: string; refresh_token: string };
  return { browser, refreshToken: tokens.refresh_token, authorization: `Bearer ${tokens.access_token}` };
}

type Call = (method: string, path: string, body?: unknown) => Promise<string>;
type End = (person: Person, session: BegunSession, call: Call) => Promise<unknown>;

const ends: Readonly<Record<string, End>> = {
  'a sign-out': async (_person, { browser }) => {
    const page = await browser.get('/oidc/session/end');
    const { status, headers } = await browser.submit(formOf(page.text), { ...hiddenIn(page.text), logout: 'yes' });
    if (status >= 400) throw new Error(`the sign-out was answered with ${status}`);
    if (headers.location) await browser.get(new URL(headers.location, 'http://gateway').pathname);
  },
  'the end of the session': async (_person, _session, call) => {
    const { items } = JSON.parse(await call('GET', '/v1/users/me/sessions')) as { items: SessionView[] };
    for (const { id } of items) await call('DELETE', `/v1/users/me/sessions/${id}`);
  },
  'a new password': ({ password }, _session, call) =>
    call('PUT', '/v1/users/me/password', { currentPassword: password, newPassword: `${password} and more` }),
  'the erasure of the account': (_person, _session, call) => call('DELETE', '/v1/users/me'),
};

async function mustBeDead(system: AttackedSystem, found: Found, about: string, session: BegunSession): Promise<void> {
  const { browser, refreshToken } = session;
  if ((await browser.refresh(refreshToken)).status < 400) found(`after ${about} the refresh token is still good`);
  const page = await browser.get(browser.authorizationPath());
  if (page.path.startsWith(system.endpoints.oidc.redirectUri) && page.path.includes('code='))
    found(`after ${about} the cookie still signs in`);
}

/** Session fixation: a browser with cookies that the attacker has, too, signs in; that must not sign the attacker in. */
async function planted(system: AttackedSystem, found: Found): Promise<void> {
  const { email, password } = system.victim;
  const attacker = new AttackerBrowser(system);
  await attacker.get(attacker.authorizationPath());
  const victim = new AttackerBrowser(system);
  for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
  await victim.code(email, password);
  const page = await attacker.get(attacker.authorizationPath());
  if (!page.text.includes('<form')) found(`cookies from before a sign-in are signed in after it: ${page.path}`);
}
