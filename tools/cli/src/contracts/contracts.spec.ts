import { contractsHash, currentContracts, type Contract, type ContractSchema } from '@causeway/contracts/published';
import { breaks, type ContractUse } from './compatibility.js';
import { contractChanges, publishedContracts } from './published.js';

test('every contract is recorded as it is, and nothing that was published is broken', () => {
  expect(contractChanges(publishedContracts(), currentContracts())).toEqual({ breaking: [], unrecorded: [] });
});

test('events, commands, RPCs and HTTP operations are contracts', () => {
  const names = Object.keys(currentContracts());
  expect(names).toEqual(
    expect.arrayContaining([
      // demo
      'order.evt.placed.v1',
      'payment.cmd.authorize.v2',
      'placeOrder',
      // end demo
      'user.evt.registered.v1',
      'user.rpc.get-address.v1',
      'registerUser',
    ]),
  );
});

test('a contract is recorded with all that it refers to, and without its documentation', () => {
  const text = JSON.stringify(currentContracts());
  expect(text).not.toMatch(/"\$defs"|"description":"|"example"|"oneOf"/);
  expect(
    currentContracts()['listAddresses']?.schemas['response']?.properties?.['items']?.items?.properties,
  ).toHaveProperty('postalCode');
});

test('their hash is short, and the same each time', () => {
  expect(contractsHash()).toMatch(/^[0-9a-f]{12}$/);
  expect(contractsHash()).toBe(contractsHash());
});

const thing: ContractSchema = {
  type: 'object',
  properties: {
    id: { type: 'string', maxLength: 36 },
    state: { type: 'string', enum: ['open', 'done'] },
    count: { type: 'integer', minimum: 1 },
    lines: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
  required: ['id', 'state'],
};
const having = (changes: Record<string, ContractSchema>): ContractSchema => ({
  ...thing,
  properties: { ...thing.properties, ...changes },
});
const without = (name: string): ContractSchema => ({
  ...thing,
  properties: Object.fromEntries(Object.entries(thing.properties!).filter(([each]) => each !== name)),
});

const everywhere: ContractUse[] = ['request', 'response', 'message'];
const whoSends: ContractUse[] = ['request', 'message'];
const whoReads: ContractUse[] = ['response', 'message'];

test.each<[string, ContractSchema, ContractUse[], string]>([
  ['a removed field', without('lines'), everywhere, '/lines: was removed'],
  [
    'another type',
    having({ id: { type: 'integer', maxLength: 36 } }),
    everywhere,
    '/id: type was "string" and is "integer"',
  ],
  [
    'another type deep inside',
    having({
      lines: { type: 'array', items: { type: 'object', properties: { n: { type: 'string' } }, required: ['n'] } },
    }),
    everywhere,
    '/lines/*/n: type was "integer" and is "string"',
  ],
  [
    'another type of an alternative',
    having({ note: { anyOf: [{ type: 'string' }, { type: 'boolean' }] } }),
    everywhere,
    '/note: type was "null" and is "boolean"',
  ],
  [
    'a new required field',
    { ...thing, required: ['id', 'state', 'count'] },
    whoSends,
    '/count: is required now; what was sent before lacks it',
  ],
  [
    'a field not required any more',
    { ...thing, required: ['id'] },
    whoReads,
    '/state: is not required any more; old readers need it',
  ],
  [
    'a value that is gone',
    having({ state: { type: 'string', enum: ['open'] } }),
    whoSends,
    '/state: "done" is no value any more; old senders use it',
  ],
  [
    'a new value',
    having({ state: { type: 'string', enum: ['open', 'done', 'lost'] } }),
    whoReads,
    '/state: "lost" is a new value; old readers do not know it',
  ],
  [
    'a smaller limit',
    having({ id: { type: 'string', maxLength: 20 } }),
    whoSends,
    '/id: maxLength was 36 and is 20; what was valid is refused now',
  ],
  [
    'a limit that is gone',
    having({ count: { type: 'integer' } }),
    whoReads,
    '/count: minimum was 1 and is not set; old readers refuse what is valid now',
  ],
  [
    'an alternative that is gone',
    having({ note: { anyOf: [{ type: 'string' }] } }),
    whoSends,
    '/note: had 2 alternatives and has 1',
  ],
])('%s is explained to whom it breaks, and to nobody else', (_, next, broken, sentence) => {
  for (const use of everywhere)
    expect([use, breaks(thing, next, use)]).toEqual([use, broken.includes(use) ? [sentence] : []]);
});

test('a new optional field breaks nobody', () => {
  for (const use of everywhere) expect(breaks(thing, having({ more: { type: 'string' } }), use)).toEqual([]);
});

const operation: Contract = { address: 'GET /v1/things → 200', needs: [], schemas: { response: thing } };
test.each<[string, Contract, string]>([
  [
    'another path',
    { ...operation, address: 'GET /v2/things → 200' },
    'list: was GET /v1/things → 200 and is GET /v2/things → 200',
  ],
  [
    'a scope',
    { ...operation, needs: ['the scope things'] },
    'list: needs the scope things now; old clients do not send it',
  ],
  ['no response any more', { ...operation, schemas: {} }, 'list: has no response any more'],
  [
    'a body that is needed',
    { ...operation, schemas: { response: thing, request: thing } },
    'list: needs a request now; old clients send none',
  ],
])('an operation with %s breaks its clients', (_, next, sentence) => {
  expect(contractChanges({ list: operation }, { list: next })).toEqual({ breaking: [sentence], unrecorded: ['list'] });
});

test('a contract must not disappear, and a new one is to be recorded', () => {
  expect(contractChanges({ list: operation }, { find: operation })).toEqual({
    breaking: ['list: was removed; keep it until nobody uses it and no stream holds it'],
    unrecorded: ['find'],
  });
});
