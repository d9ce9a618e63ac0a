import { HostState } from '@causeway/service-host';
import { TokenInvalid, TokenVerifier } from '@causeway/auth';
import { decodeProtectedHeader } from 'jose';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SigningKey } from '../src/oidc/pg-signing-keys.js';
import { Browser, type Tokens } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type UserService } from '../src/testing/user-service.js';

const times = {
  SIGNING_KEY_PUBLISH_MS: '2500',
  SIGNING_KEY_RETIRE_MS: '10000',
  SIGNING_KEY_POLL_MS: '100',
  AUTH_JWKS_MAX_AGE_MS: '300',
};

let first: UserService;
let second: UserService;
beforeAll(async () => {
  first = await startUserService(times);
  const port = Number(new URL(first.origin).port);
  second = await startUserService(times, { database: first.database, nats: first.nats, port });
});
afterAll(async () => {
  await second?.stop();
  await first?.stop();
});

/** Calls a governance route of an instance, past the management port. */
async function govern(user: UserService, method: string, path: string, input: object = {}): Promise<SigningKey[]> {
  const route = user.app.get(HostState).governance.find((one) => one.method === method && one.path === path);
  return ((await route!.run(input, 'ada')) as { keys: SigningKey[] }).keys;
}
const list = (user = first) => govern(user, 'GET', 'keys');
const kidOf = (token: string) => decodeProtectedHeader(token).kid!;

async function publishedBy(user: UserService): Promise<string[]> {
  const { keys } = (await (await fetch(`${user.origin}/oidc/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** A customer's application: signs in, then refreshes and calls the API of one instance and the other, until told to stop. */
class Customer {
  readonly refused: string[] = [];
  readonly kids = new Set<string>();
  rounds = 0;

  constructor(private readonly verifiers: readonly TokenVerifier[]) {}

  async run(isOver: () => boolean): Promise<void> {
    const person = await first.person();
    const browser = new Browser(first.issuer, redirectUri);
    let tokens = await browser.signIn(person.email, password);
    for (; !isOver(); this.rounds += 1) {
      await this.use(tokens.access_token);
      const at = [first, second][this.rounds % 2]!;
      const body = new URLSearchParams({
        client_id: 'causeway-demo',
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      });
      const response = await fetch(`${at.origin}/oidc/token`, { method: 'POST', body });
      if (response.status !== 200) return void this.refused.push(`refresh: ${response.status}`);
      tokens = (await response.json()) as Tokens;
      // A person's pace: the machine has other tests to run.
      await sleep(50);
      if (this.rounds % 8 === 7) tokens = await browser.signIn(person.email, password, { prompt: 'login' });
    }
  }

  private async use(token: string): Promise<void> {
    this.kids.add(kidOf(token));
    for (const { send } of [first, second]) {
      const { status } = await send('GET', '/v1/users/me', { headers: { authorization: `Bearer ${token}` } });
      if (status !== 200) this.refused.push(`profile: ${status}, ${kidOf(token)}`);
    }
    for (const verifier of this.verifiers)
      await verifier.verify(token).catch((error: Error) => this.refused.push(`${error.name}, ${kidOf(token)}`));
  }
}

const verifiers = () =>
  [first, second].map(
    ({ origin, issuer }) =>
      new TokenVerifier({
        AUTH_ISSUER: issuer,
        AUTH_AUDIENCE: 'urn:causeway:api',
        AUTH_JWKS_URL: `${origin}/oidc/jwks`,
        AUTH_JWKS_MAX_AGE_MS: 300,
      }),
  );

test('keys rotate under load, on two instances, without a restart and without one refusal', async () => {
  const [old] = await list();
  expect(await list()).toMatchObject([{ kid: old!.kid, state: 'signing' }]);
  let over = false;
  const customers = Array.from({ length: 2 }, () => new Customer(verifiers()));
  const load = Promise.all(customers.map((customer) => customer.run(() => over)));
  try {
    await until(() => customers.every(({ rounds }) => rounds > 1));
    const keys = await govern(second, 'POST', 'keys/rotate');
    expect(keys).toMatchObject([{ kid: old!.kid, state: 'signing' }, { state: 'published' }]);
    const fresh = keys[1]!.kid;
    await until(async () => (await publishedBy(first)).includes(fresh));
    await until(async () => (await list())[0]?.kid === fresh);
    expect(await list()).toMatchObject([
      { kid: fresh, state: 'signing' },
      { kid: old!.kid, state: 'retiring', signsUntil: keys[1]!.signsFrom },
    ]);
    await until(() => customers.every(({ kids }) => kids.has(fresh)));
    for (const instance of [first, second]) await until(async () => (await publishedBy(instance)).join() === fresh);
    const rounds = customers.map((customer) => customer.rounds);
    await until(() => customers.every((customer, index) => customer.rounds > rounds[index]! + 2));
  } finally {
    over = true;
    await load;
  }
  expect(customers.flatMap(({ refused }) => refused)).toEqual([]);
});

test('a key signs only once it has been published for the set time, and rotations do not overlap', async () => {
  const before = (await list())[0]!;
  const [, fresh] = await govern(first, 'POST', 'keys/rotate');
  expect(fresh!.signsFrom.getTime() - fresh!.publishedAt.getTime()).toBe(2_500);
  await expect(govern(second, 'POST', 'keys/rotate')).rejects.toMatchObject({ code: 'KEY_ROTATION_PENDING' });
  // Taken back, the key of before goes on, without an end.
  expect(await govern(second, 'POST', 'keys/retire', { kid: fresh!.kid })).toEqual([before]);
});

test('of ten rotations at the same moment, one happens', async () => {
  const rotations = Array.from({ length: 10 }, (_, at) => govern([first, second][at % 2]!, 'POST', 'keys/rotate'));
  const settled = await Promise.allSettled(rotations);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const keys = await list();
  expect(keys.map(({ state }) => state)).toEqual(['signing', 'published']);
  await govern(first, 'POST', 'keys/retire', { kid: keys[1]!.kid });
});

test('retiring the key that signs puts another in its place, and what it signed is refused everywhere', async () => {
  const person = await first.person();
  const token = await first.token(person);
  const gone = kidOf(token);
  const [verifier] = verifiers();
  expect(await verifier!.verify(token)).toMatchObject({ subject: person.id });
  const [fresh, ...others] = await govern(first, 'POST', 'keys/retire', { kid: gone });
  expect([fresh!.state, others.map(({ kid }) => kid)]).toEqual(['signing', expect.not.arrayContaining([gone])]);
  await until(async () => !(await publishedBy(second)).includes(gone));
  await until(() =>
    verifier!.verify(token).then(
      () => false,
      (error: unknown) => error instanceof TokenInvalid,
    ),
  );
  for (const { send } of [first, second])
    await until(
      async () => (await send('GET', '/v1/users/me', { headers: { authorization: `Bearer ${token}` } })).status === 401,
    );
  expect(kidOf(await second.token(person))).toBe(fresh!.kid);
  await expect(govern(first, 'POST', 'keys/retire', { kid: gone })).rejects.toMatchObject({
    code: 'SIGNING_KEY_UNKNOWN',
  });
  const { rows } = await first.database.pool.query(
    `SELECT type, outcome, actor, details FROM causeway.security_events WHERE subject = $1 ORDER BY at`,
    [gone],
  );
  expect(rows.at(-1)).toEqual({
    type: 'key.retired',
    outcome: 'success',
    actor: 'ada',
    details: { state: 'signing' },
  });
});

test('retiring the key that signs while another waits: that one signs at once', async () => {
  const [signing, waiting] = await govern(first, 'POST', 'keys/rotate');
  expect(await govern(first, 'POST', 'keys/retire', { kid: signing!.kid })).toMatchObject([
    { kid: waiting!.kid, state: 'signing' },
  ]);
});
