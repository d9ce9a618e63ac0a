import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf } from '../browser.js';
import type { AttackAnswer } from '../client.js';
import { linkTo, mailsTo } from '../mailbox.js';
import type { Person } from '../person.js';

const racers = 10;
/** Mails that one recipient gets in an hour, whoever asks for them. */
const mostMails = 3;

/** The links that people get by mail, to reset a password or to confirm an address: each is as good as a password. */
export const accountLinks: Attack = {
  id: 'identity/account-links',
  about: 'mails with poisoned links, floods of mail, guessed links, used ones, those of another purpose, ten at once',
  fast: true,
  inside: true,
  run: async (system, found) => {
    const person = await system.newcomer();
    await poisoned(system, found, person);
    await guessed(system, found, person);
    await raced(system, found, person);
    await flooded(system, found);
  },
};

type Headers = Readonly<Record<string, string>>;

const form = (system: AttackedSystem, path: string, fields: Headers, headers: Headers = {}): Promise<AttackAnswer> =>
  system.http.send({
    method: 'POST',
    path: `/oidc${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...headers },
    body: new URLSearchParams(fields).toString(),
  });

let asked = 0;
/** Asks the service itself, each time from another address: the limit per address is not what is attacked here. */
function ask(system: AttackedSystem, email: string, headers: Headers = {}): Promise<AttackAnswer> {
  asked += 1;
  const from = { 'x-forwarded-for': `198.51.100.${asked % 250}` };
  const sent = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...from, ...headers };
  const body = new URLSearchParams({ email }).toString();
  const base = new URL(system.service('user')!.url);
  return system.http.send({ method: 'POST', path: '/oidc/password/forgotten', headers: sent, body }, base);
}

/** The host of a link in a mail is ours, whatever host the request names. */
async function poisoned(system: AttackedSystem, found: Found, { email }: Person): Promise<void> {
  const { status } = await ask(system, email, {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example',
    referer: 'https://evil.example/',
  });
  if (status !== 200) found(`a request for a new password → ${status}`);
  await linkTo(system.inside!, email, 'password/new');
  for (const mail of await mailsTo(system.inside!, email))
    if (/evil/.test(mail)) found(`a mail has the host that the request named: ${/\S*evil\S*/.exec(mail)?.[0]}`);
}

/** A link is not found by trying, is good for one thing, and is not used up by what must not use it. */
async function guessed(system: AttackedSystem, found: Found, { email, password }: Person): Promise<void> {
  const token = await linkTo(system.inside!, email, 'password/new');
  const confirming = await linkTo(system.inside!, email, 'email/confirm');
  const wrong: Headers = {
    nothing: '',
    'another token': 'a'.repeat(token.length),
    'a character less': token.slice(0, -1),
    'a character more': `${token}a`,
    'the last character changed': token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A'),
    'upper case': token.toUpperCase(),
    'a space around it': ` ${token} `,
    'U+0000 behind it': `${token}\0`,
    SQL: `' OR '1'='1`,
    '%': '%',
    'the link for the address': confirming,
  };
  const newPassword = `${password} of an attacker`;
  for (const [about, each] of Object.entries(wrong)) {
    const { status } = await form(system, '/password/new', { token: each, password: newPassword });
    if (status !== 410) found(`a new password with ${about} → ${status}`);
    if (about === 'the link for the address') continue;
    const confirmed = await form(system, '/email/confirm', { token: each });
    if (confirmed.status !== 410) found(`a confirmation with ${about} → ${confirmed.status}`);
  }
  if ((await form(system, '/email/confirm', { token })).status !== 410)
    found('a link for a password confirms an address');
  for (const origin of ['https://evil.example', 'null', `${system.endpoints.gateway}.evil.example`])
    for (const [path, fields] of [
      ['/password/new', { token, password: newPassword }],
      ['/email/confirm', { token: confirming }],
      ['/password/forgotten', { email }],
    ] as const) {
      const { status } = await form(system, path, fields, { origin });
      if (status !== 403) found(`a form for ${path} from ${origin} → ${status}`);
    }
  for (const weak of ['short', 'password1234', '            ', 'a'.repeat(300), `${newPassword}\0`]) {
    const { status } = await form(system, '/password/new', { token, password: weak });
    if (status !== 422) found(`the new password ${JSON.stringify(weak.slice(0, 20))} → ${status}`);
  }
  // A program that checks the links of mails follows them.
  for (const path of [`/oidc/password/new?token=${token}`, `/oidc/email/confirm?token=${confirming}`]) {
    const { status, headers } = await system.http.send({ method: 'GET', path, headers: { accept: 'text/html' } });
    if (status !== 200) found(`${path.split('?', 1)[0]} with a good link → ${status}: something has used it up`);
    if (!/^(no-referrer|same-origin)$/.test(String(headers['referrer-policy'])))
      found(`${path.split('?', 1)[0]} tells other sites its link: ${String(headers['referrer-policy'])}`);
    if (!headers['cache-control']?.includes('no-store')) found(`${path.split('?', 1)[0]} may be cached`);
  }
  await new AttackerBrowser(system).code(email, password); // throws if the password is another one now
}

/** Of ten who use one link at the same instant, one does; and then everything that the old password opened is shut. */
async function raced(system: AttackedSystem, found: Found, { email, password }: Person): Promise<void> {
  const before = new AttackerBrowser(system);
  const { text } = await before.exchange(await before.code(email, password));
  const { refresh_token } = JSON.parse(text) as { refresh_token: string };
  const token = await linkTo(system.inside!, email, 'password/new');
  const passwords = Array.from({ length: racers }, (_, index) => `${password} number ${index}`);
  const answers = await Promise.all(passwords.map((each) => form(system, '/password/new', { token, password: each })));
  const won = passwords.filter((_, index) => answers[index]!.status === 200);
  if (won.length !== 1) found(`one link set ${won.length} passwords`);
  for (const { status } of answers) if (![200, 410, 503].includes(status)) found(`a link in a race → ${status}`);
  if ((await form(system, '/password/new', { token, password: `${password} again` })).status !== 410)
    found('a link is good after it was used');
  await new AttackerBrowser(system).code(email, won[0] ?? password);
  if ((await before.refresh(refresh_token)).status < 400) found('a refresh token is good after a reset');
  if (!(await before.get(before.authorizationPath())).text.includes('<form')) found('a session is good after a reset');
  const stale = new AttackerBrowser(system);
  const page = await stale.get(stale.authorizationPath());
  const old = await stale.submit(formOf(page.text), { email, password });
  if (old.status !== 401) found(`the old password → ${old.status}`);
  const confirming = await linkTo(system.inside!, email, 'email/confirm');
  const confirmed = await Promise.all(passwords.map(() => form(system, '/email/confirm', { token: confirming })));
  const used = confirmed.filter(({ status }) => status === 200).length;
  if (used !== 1) found(`one link has confirmed an address ${used} times`);
}

/** Nobody’s mailbox is filled from here: mails are sent in turn, so those of the victim come before that of another. */
async function flooded(system: AttackedSystem, found: Found): Promise<void> {
  const [victim, other] = [await system.newcomer(), await system.newcomer()];
  for (let request = 0; request < 2 * mostMails; request += 1) await ask(system, victim.email);
  await ask(system, other.email);
  await linkTo(system.inside!, other.email, 'password/new');
  const mails = (await mailsTo(system.inside!, victim.email)).filter((mail) => mail.includes('/password/new?'));
  if (mails.length > mostMails) found(`${mails.length} mails were sent to one recipient`);
}
