import { peopleScopes, scopesOf, type Role } from '@causeway/contracts';
import { randomUUID } from 'node:crypto';
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

async function personWith(role: Role): Promise<Person> {
  const person = await user.person();
  await user.database.pool.query('UPDATE users SET role = $2 WHERE id = $1', [person.id, role]);
  return person;
}
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

describe('GET /v1/users/{userId}', () => {
  test('shows support the profile of any person', async () => {
    const ann = await user.person();
    const token = await user.token(await personWith('support'));
    const response = await user.send('GET', `/v1/users/${ann.id}`, as(token));
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"1"']);
    expect(await response.json()).toMatchObject({ id: ann.id, email: ann.email });
    expect((await user.send('GET', `/v1/users/${randomUUID()}`, as(token))).status).toBe(404);
    expect((await user.send('GET', '/v1/users/nobody', as(token))).status).toBe(422);
  });

  test.each(['customer', 'operator'] as const)('is nothing for a %s, not even their own', async (role) => {
    const person = await personWith(role);
    const response = await user.send('GET', `/v1/users/${person.id}`, as(await user.token(person)));
    expect(response.status).toBe(403);
  });
});
