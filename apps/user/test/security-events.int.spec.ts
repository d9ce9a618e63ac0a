import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
let person: Person;
beforeAll(async () => {
  user = await startUserService({ LOGIN_FAILURES_PER_ACCOUNT: '2' });
  person = await user.person();
});
afterAll(() => user?.stop());

const browser = () => new Browser(user.issuer, redirectUri, { 'x-forwarded-for': '198.51.100.7' });
/** What is recorded of sign-ins and sessions, oldest first. */
const events = async (): Promise<unknown[]> => {
  const { rows } = await user.database.pool.query(
    `SELECT type, outcome, actor, subject, host(network) AS network, details->'knownBrowser' AS known
       FROM causeway.security_events WHERE type LIKE 'sign-in.%' OR type LIKE 'session.%' ORDER BY at, id`,
  );
  return rows;
};

test('sign-ins that fail, are throttled and succeed are on record, and so is the end of a session', async () => {
  const sign = async (email: string, secret: string): Promise<number> => {
    const other = browser();
    const { url } = await other.open();
    return (await other.submit(url, { email, password: secret })).response.status;
  };
  expect(await sign('nobody@example.org', 'a wrong password')).toBe(401);
  expect(await sign(person.email, 'a wrong password')).toBe(401);
  expect(await sign(person.email, 'a wrong password')).toBe(401);
  expect(await sign(person.email, password)).toBe(429);
  const elsewhere = new Browser(user.issuer, redirectUri, { 'x-forwarded-for': '203.0.113.9' });
  const { access_token } = await elsewhere.signIn(person.email, password);
  const headers = { authorization: `Bearer ${access_token}` };
  const listed = await user.send('GET', '/v1/users/me/sessions', { headers });
  const [session] = ((await listed.json()) as { items: { id: string }[] }).items;
  expect((await user.send('DELETE', `/v1/users/me/sessions/${session!.id}`, { headers })).status).toBe(204);

  const tried = { actor: null, subject: person.id, network: '198.51.100.0', known: false };
  expect(await events()).toEqual([
    { ...tried, type: 'sign-in.failed', outcome: 'failure', subject: null },
    { ...tried, type: 'sign-in.failed', outcome: 'failure' },
    { ...tried, type: 'sign-in.failed', outcome: 'failure' },
    { ...tried, type: 'sign-in.throttled', outcome: 'denied' },
    {
      type: 'sign-in.succeeded',
      outcome: 'success',
      actor: person.id,
      subject: null,
      network: '203.0.113.0',
      known: false,
    },
    { type: 'session.ended', outcome: 'success', actor: person.id, subject: session!.id, network: null, known: null },
  ]);
});
