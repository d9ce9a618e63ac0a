import { managementEndpoints, peopleScopes, scopesOf, type Role } from '@causeway/contracts';
import { randomUUID } from 'node:crypto';
import { governanceRoutes } from '../src/governance.js';
import { Roles } from '../src/users/roles.js';
import { Browser } from '../src/testing/browser.js';
import {
  machineSecret,
  password,
  redirectUri,
  startUserService,
  type Person,
  type UserService,
} from '../src/testing/user-service.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService();
});
afterAll(() => user?.stop());

const change = (person: Person, role: Role) => user.app.get(Roles).change(person.id, role, 'ada@laptop');
async function personWith(role: Role): Promise<Person> {
  const person = await user.person();
  await change(person, role);
  return person;
}
const eventsOf = async ({ id }: Person) =>
  (
    await user.database.pool.query(
      'SELECT type, actor, details FROM causeway.security_events WHERE subject = $1 ORDER BY at',
      [id],
    )
  ).rows as { type: string; actor: string; details: object }[];
/** What a token may do. */
const scopesIn = (token: string): string[] => {
  const { scope = '' } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { scope?: string };
  return scope.split(' ').filter(Boolean).sort();
};
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('a token has', () => {
  test.each(['customer', 'support', 'operator'] as const)('of all scopes asked for, those of a %s', async (role) => {
    const token = await user.token(await personWith(role));
    expect(scopesIn(token)).toEqual([...scopesOf[role]].sort());
  });

  test('no scope that was not asked for', async () => {
    const person = await personWith('support');
    expect(scopesIn(await user.token(person, 'openid users:read-any catalog:write'))).toEqual(['users:read-any']);
  });

  test('after a refresh, the scopes of the role that the person has by then', async () => {
    const person = await personWith('support');
    const browser = new Browser(user.issuer, redirectUri);
    const { refresh_token } = await browser.signIn(person.email, password);
    await user.database.pool.query(`UPDATE users SET role = 'customer' WHERE id = $1`, [person.id]);
    const response = await browser.refresh(refresh_token);
    const { access_token } = (await response.json()) as { access_token: string };
    expect(scopesIn(access_token).filter((scope) => !scopesOf.customer.includes(scope as never))).toEqual([]);
  });

  test('of a machine, what machines may, whatever it asks for', async () => {
    const response = await fetch(`${user.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`causeway-ops:${machineSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: peopleScopes.join(' ') }),
    });
    const { access_token } = (await response.json()) as { access_token: string };
    expect(scopesIn(access_token)).toEqual([...scopesOf.machines].sort());
  });
});

describe('a change of role', () => {
  test('ends what the person is signed in to: an old refresh token gets no token with the scopes of before', async () => {
    const person = await personWith('support');
    const browser = new Browser(user.issuer, redirectUri);
    const { refresh_token } = await browser.signIn(person.email, password);
    expect(await change(person, 'customer')).toEqual({
      userId: person.id,
      before: 'support',
      role: 'customer',
      sessionsEnded: 1,
    });
    const refused = await browser.refresh(refresh_token);
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    const page = await browser.open({ prompt: 'none' });
    expect(new URL(page.url).searchParams.get('error')).toBe('login_required');
    expect(scopesIn(await user.token(person))).toEqual([...scopesOf.customer].sort());
  });

  test('is on record, with who did it; the same role again changes and ends nothing', async () => {
    const person = await personWith('operator');
    const browser = new Browser(user.issuer, redirectUri);
    const { refresh_token } = await browser.signIn(person.email, password);
    expect(await change(person, 'operator')).toMatchObject({ before: 'operator', sessionsEnded: 0 });
    expect((await browser.refresh(refresh_token)).status).toBe(200);
    await change(person, 'customer');
    expect((await eventsOf(person)).filter(({ type }) => type.startsWith('role.'))).toEqual([
      { type: 'role.granted', actor: 'ada@laptop', details: { before: 'customer', role: 'operator' } },
      { type: 'role.revoked', actor: 'ada@laptop', details: { before: 'operator', role: 'customer' } },
    ]);
  });

  test('finds a person by e-mail address in any case, and says nothing of one that nobody has', async () => {
    const { id, email } = await user.person();
    const roles = user.app.get(Roles);
    expect(await roles.change(email.toUpperCase(), 'support', 'ada')).toMatchObject({ userId: id, role: 'support' });
    expect(await roles.list()).toContainEqual({ userId: id, role: 'support' });
    const unknown = roles.change('nobody@example.org', 'support', 'ada');
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.not.stringContaining('nobody@') });
  });

  test('that the database does not know is refused by it', async () => {
    const { id } = await user.person();
    await expect(user.database.pool.query(`UPDATE users SET role = 'root' WHERE id = $1`, [id])).rejects.toThrow(
      /users_role_check/,
    );
  });
});

test('every operation for operators is in the table of who may do what', () => {
  const listed = managementEndpoints.map(({ method = 'GET', path }) => `${method} ${path}`);
  const served = governanceRoutes(user.app).map(({ method, path }) => `${method} /governance/${path}`);
  expect(served.length).toBeGreaterThan(0);
  expect(served.filter((each) => !listed.includes(each))).toEqual([]);
});

describe('GET /v1/users/{userId}', () => {
  test('shows support the profile of any person', async () => {
    const ann = await user.person();
    const token = await user.token(await personWith('support'));
    const response = await user.send('GET', `/v1/users/${ann.id}`, as(token));
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"1"']);
    expect(await response.json()).toMatchObject({ id: ann.id, email: ann.email });
    expect(await eventsOf(ann)).toMatchObject([{ type: 'profile.read' }]);
    expect((await user.send('GET', `/v1/users/${randomUUID()}`, as(token))).status).toBe(404);
    expect((await user.send('GET', '/v1/users/nobody', as(token))).status).toBe(422);
  });

  test.each(['customer', 'operator'] as const)('is nothing for a %s, not even their own', async (role) => {
    const person = await personWith(role);
    const response = await user.send('GET', `/v1/users/${person.id}`, as(await user.token(person)));
    expect(response.status).toBe(403);
  });
});
