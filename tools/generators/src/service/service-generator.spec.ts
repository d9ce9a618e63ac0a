import { addRoute } from '../pieces/route.js';
import { removeServiceGenerator } from '../remove-service/remove-service-generator.js';
import { differences, repositoryTree } from '../testing/repository-tree.js';
import { one, rows, timestamp } from '../testing/service-options.js';
import type { ServiceOptions } from './plan.js';
import { serviceGenerator } from './service-generator.js';

describe.each(rows)('a service with %s', (_, options) => {
  test('can be removed: then the tree is what it was, byte for byte', async () => {
    const tree = repositoryTree();
    await serviceGenerator(tree, { name: 'parcel', timestamp, ...options });
    expect(differences(tree)).toContain('tools/system/src/services.ts');
    await removeServiceGenerator(tree, { name: 'parcel' });
    expect(differences(tree)).toEqual([]);
  }, 120_000);
});

test('two services, removed in the order in which they came', async () => {
  const tree = repositoryTree();
  await serviceGenerator(tree, { name: 'parcel', http: true, publishes: one, timestamp });
  await serviceGenerator(tree, { name: 'voucher', consumes: one, timestamp });
  await expect(removeServiceGenerator(tree, { name: 'parcel' })).rejects.toThrow(/voucher consumes parcelSent/);
  await removeServiceGenerator(tree, { name: 'voucher' });
  await removeServiceGenerator(tree, { name: 'parcel' });
  expect(differences(tree)).toEqual([]);
}, 120_000);

test('pieces that were added to a service go with it: also the schemas of collections that have their own names', async () => {
  const tree = repositoryTree();
  await serviceGenerator(tree, { name: 'parcel', shape: 'flat', database: true, http: true, empty: true, timestamp });
  const route = { service: 'parcel', method: 'POST', scope: 'profile', field: ['title:line(200)'], timestamp };
  await addRoute(tree, { ...route, path: '/v1/crates' });
  await addRoute(tree, { ...route, path: '/v1/crates/{crateId}/stamps', timestamp: String(BigInt(timestamp) + 100n) });
  expect(differences(tree)).toContain('libs/contracts/src/http/stamps.ts');
  await removeServiceGenerator(tree, { name: 'parcel', force: true });
  expect(differences(tree)).toEqual([]);
}, 120_000);

describe('refused, and nothing is written:', () => {
  test.each<[string, ServiceOptions, RegExp]>([
    ['a name with a capital', { name: 'Parcel' }, /one word of 2 to 24 lower-case letters/],
    ['a name of two words', { name: 'parcel-label' }, /one word/],
    ['the name of a service', { name: 'order' }, /there is a project of this name/],
    ['the name of a library', { name: 'messaging' }, /there is a project of this name/],
    ['a word of JavaScript', { name: 'class' }, /word of JavaScript/],
    ['the name of a stream of the platform', { name: 'dlq' }, /part of the platform/],
    ['a type that there is', { name: 'address' }, /its type Address\w* is in/],
    ['another’s event', { name: 'parcel', publishes: ['order.evt.sent.v1'] }, /its events are called parcel\.evt\./],
    ['an event in capitals', { name: 'parcel', publishes: ['parcel.evt.Sent.v1'] }, /its events are called/],
    [
      'an event that nobody publishes',
      { name: 'parcel', consumes: ['order.evt.lost.v1'] },
      /order\.evt\.confirmed\.v1/,
    ],
    ['a command as an event', { name: 'parcel', consumes: ['payment.cmd.void.v1'] }, /Nobody publishes/],
    ['its own event', { name: 'parcel', consumes: ['parcel.evt.sent.v1'] }, /its own/],
    ['a title with a quote', { name: 'parcel', title: "The parcel's" }, /cannot have quotes/],
    ['half a timestamp', { name: 'parcel', timestamp: '2026' }, /14 digits/],
  ])('%s', async (_, options, message) => {
    const tree = repositoryTree();
    await expect(serviceGenerator(tree, options)).rejects.toThrow(message);
    expect(differences(tree)).toEqual([]);
  });

  test('more services than ports', async () => {
    const tree = repositoryTree();
    const names = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'gnu', 'hen', 'ibis', 'jay'];
    await expect(
      (async () => {
        for (const name of names) await serviceGenerator(tree, { name, timestamp });
      })(),
    ).rejects.toThrow(/no free port/);
  }, 120_000);
});

describe('what cannot be removed', () => {
  test.each([
    ['user', /order sends user\.rpc\.get-address\.v1.*asks it for the keys/],
    ['payment', /order consumes paymentAuthorized.*order sends payment\.cmd\.authorize\.v2/],
    ['order', /gateway listens to order\.evt/],
    ['gateway', /order calls it over HTTP/],
    ['nothing', /There is no service nothing\. There are: gateway/],
  ])(
    '%s, and why',
    async (name, message) => {
      const tree = repositoryTree();
      await expect(removeServiceGenerator(tree, { name })).rejects.toThrow(message);
      expect(differences(tree)).toEqual([]);
    },
    120_000,
  );
});
