import { getAddress } from '@causeway/contracts';
import { RpcClient } from '@causeway/messaging';
import { randomUUID } from 'node:crypto';
import { startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
let ann: Person;
let authorization: string;
beforeAll(async () => {
  user = await startUserService();
  ann = await user.person();
  authorization = `Bearer ${await user.token(ann)}`;
});
afterAll(() => user?.stop());

const path = '/v1/users/me/addresses';
const postal = {
  recipient: 'Ann Bell',
  line1: 'Elm Row 9',
  line2: 'Backyard',
  postalCode: '20099',
  city: 'Hamburg',
  country: 'DE',
};
const home = { label: 'Home', ...postal };
interface View {
  id: string;
  version: number;
  [field: string]: unknown;
}
const json = async <T = View>(response: Response) => (await response.json()) as T;
const add = (body: unknown = home, headers: Record<string, string> = {}) =>
  user.post(path, body, { authorization, ...headers });
const send = (method: string, id: string, options: { body?: unknown; headers?: Record<string, string> } = {}) =>
  user.send(method, `${path}/${id}`, { ...options, headers: { authorization, ...options.headers } });

test('an address is added, read, listed, replaced and deleted', async () => {
  const added = await add();
  expect(added.status).toBe(201);
  expect(added.headers.get('etag')).toBe('"1"');
  const view = await json(added);
  expect(view).toEqual({ ...home, id: view.id, version: 1 });
  expect(added.headers.get('location')).toBe(`${path}/${view.id}`);

  const read = await send('GET', view.id);
  expect(read.headers.get('etag')).toBe('"1"');
  expect(await json(read)).toEqual(view);
  const { items } = await json<{ items: View[] }>(await user.send('GET', path, { headers: { authorization } }));
  expect(items).toContainEqual(view);

  const { line2: _dropped, ...shorter } = { ...home, label: 'Old home', city: 'Lübeck' };
  const replaced = await send('PUT', view.id, { body: shorter, headers: { 'if-match': '"1"' } });
  expect(replaced.headers.get('etag')).toBe('"2"');
  expect(await json(replaced)).toEqual({ ...shorter, id: view.id, version: 2 });

  expect((await send('DELETE', view.id, { headers: { 'if-match': '"1"' } })).status).toBe(412);
  expect((await send('DELETE', view.id, { headers: { 'if-match': '"2"' } })).status).toBe(204);
  expect((await send('GET', view.id)).status).toBe(404);
});

test.each(['recipient', 'line1', 'line2', 'postalCode', 'city', 'country', 'label'])(
  'a value of %s that cannot be stored is refused with its path',
  async (field) => {
    for (const value of ['a\u0000', 'a\ud800']) {
      const response = await add({ ...home, [field]: value });
      expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ path: `/${field}` }] }]);
    }
  },
);

test('If-Match may list several tags, and * matches any version of an existing address', async () => {
  const { id } = await json(await add());
  const put = (ifMatch: string) => send('PUT', id, { body: home, headers: { 'if-match': ifMatch } });
  expect((await put('"2147483648"')).status).toBe(412);
  expect((await put('"0", "1"')).headers.get('etag')).toBe('"2"');
  expect((await put('*')).headers.get('etag')).toBe('"3"');
  expect((await put('3')).status).toBe(400);
  expect((await send('DELETE', randomUUID(), { headers: { 'if-match': '*' } })).status).toBe(404);
  expect((await send('DELETE', id, { headers: { 'if-match': 'W/"3", "2"' } })).status).toBe(412);
  expect((await send('DELETE', id, { headers: { 'if-match': '"9","3"' } })).status).toBe(204);
});

test('changes require If-Match', async () => {
  const { id } = await json(await add());
  expect((await send('PUT', id, { body: home })).status).toBe(428);
  expect((await send('DELETE', id)).status).toBe(428);
  expect((await send('PUT', id, { body: home, headers: { 'if-match': '"7"' } })).status).toBe(412);
});

test.each([
  ['an unknown field', { ...home, note: 'x' }, '/note'],
  ['a country in words', { ...home, country: 'Germany' }, '/country'],
  ['no city', { ...home, city: undefined }, '/city'],
])('%s is refused', async (_title, body, pointer) => {
  const response = await add(body);
  expect(response.status).toBe(422);
  expect(await json<{ errors: { path: string }[] }>(response)).toMatchObject({ errors: [{ path: pointer }] });
});

test('an id that is not a UUID is refused', async () => {
  expect((await send('GET', '7')).status).toBe(422);
});

test('the same key and body replays the response; another body is refused', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const first = await json(await add(home, key));
  const again = await add(home, key);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('location')).toBe(`${path}/${first.id}`);
  expect(await json(again)).toEqual(first);
  expect((await add({ ...home, city: 'Kiel' }, key)).status).toBe(422);
  expect((await user.send('POST', path, { body: home, headers: { authorization } })).status).toBe(400);
});

test("another customer's address is a 404 for every method and stays unchanged", async () => {
  const { id } = await json(await add());
  const stranger = { authorization: `Bearer ${await user.token(await user.person())}`, 'if-match': '"1"' };
  expect((await send('GET', id, { headers: stranger })).status).toBe(404);
  expect((await send('PUT', id, { body: home, headers: stranger })).status).toBe(404);
  expect((await send('DELETE', id, { headers: stranger })).status).toBe(404);
  expect(await json(await send('GET', id))).toMatchObject({ ...home, version: 1 });
});

test('the 51st address is refused, even if eight are sent at the same instant', async () => {
  const person = await user.person();
  const mine = { authorization: `Bearer ${await user.token(person)}` };
  for (let n = 0; n < 49; n++) expect((await add(home, mine)).status).toBe(201);
  // Open the connections first: opening them would serialize the requests.
  await Promise.all(Array.from({ length: 8 }, () => user.send('GET', path, { headers: mine })));
  const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await add(home, mine)).status));
  expect(statuses.sort()).toEqual([201, ...Array<number>(7).fill(409)]);
});

describe('user.rpc.get-address.v1', () => {
  test('returns the postal fields', async () => {
    const { id } = await json(await add());
    const reply = await user.app.get(RpcClient).call(getAddress, { userId: ann.id, addressId: id });
    expect(reply).toEqual({ found: true, address: postal });
  });

  test("does not find another user's address, or one that does not exist", async () => {
    const { id } = await json(await add());
    const rpc = user.app.get(RpcClient);
    expect(await rpc.call(getAddress, { userId: randomUUID(), addressId: id })).toEqual({ found: false });
    expect(await rpc.call(getAddress, { userId: ann.id, addressId: randomUUID() })).toEqual({ found: false });
  });
});
