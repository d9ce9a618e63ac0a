import { dependenciesOn } from './dependents.js';

const removed = new Map([
  ['libs/contracts/src/messages/order.ts', "export const orderConfirmed = event('order.evt.confirmed.v1', 'x');"],
  ['libs/contracts/src/http/orders.ts', 'export const quantity = z.int();'],
]);
const found = (file: string, text: string) =>
  dependenciesOn(new Map([[file, text]]), removed, ['order', 'psp-sandbox']).map(({ needs }) => needs);

test.each([
  ['a handler', 'apps/invoice/src/a.ts', "import { orderConfirmed as it } from '@shop/contracts';", ['orderConfirmed']],
  ['a consumer', 'libs/contracts/src/messages/topology.ts', "import * as order from './order.js';", ['./order.js']],
  [
    'a subject',
    'tools/system/src/services.ts',
    "[{ listens: ['order.evt.confirmed.v1'] }]",
    ['order.evt.confirmed.v1'],
  ],
  ['a call', 'tools/system/src/services.ts', "[{ calls: { order: 'prices' } }]", ['order']],
])('%s is found', (_, file, text, needs) => {
  expect(found(file, text)).toEqual([needs]);
});

test.each([
  ['a name of its own', "const quantity = 1; const orderConfirmed = 2; import { id } from '@shop/contracts';"],
  ['plain English', "const text = 'in order';"],
])('%s is none', (_, text) => {
  expect(found('apps/invoice/src/a.ts', text)).toEqual([]);
});
