import type { ValidationFailed } from '@causeway/errors';
import { consumers, durableName, messages, parseOrThrow, placeOrderBody, rpcs, streamOf, streams } from '../index.js';

test('a subject follows the naming rule of its kind and names its owner', () => {
  for (const { subject, kind, owner } of messages) {
    expect(subject).toMatch(kind === 'event' ? /^[a-z]+\.evt\.[a-z-]+\.v\d+$/ : /^[a-z]+\.cmd\.[a-z-]+\.v\d+$/);
    expect(subject.split('.')[0]).toBe(owner);
  }
  for (const { subject } of rpcs) expect(subject).toMatch(/^[a-z]+\.rpc\.[a-z]+-[a-z-]+\.v\d+$/);
});

test('exactly one stream stores each message', () => {
  for (const { subject } of messages) {
    const takers = streams.filter(({ subjects }) =>
      subjects.some((pattern) => subject.startsWith(pattern.slice(0, -1))),
    );
    expect([subject, takers.length]).toEqual([subject, 1]);
  }
});

test('a subject that no stream stores is refused', () => {
  expect(() => streamOf('invoice.evt.sent.v1')).toThrow(/declare one/);
});

test('a command is handled by its owner and by no other service', () => {
  for (const { service, message } of consumers) if (message.kind === 'command') expect(service).toBe(message.owner);
  for (const message of messages) {
    if (message.kind === 'command')
      expect(consumers.filter((consumer) => consumer.message === message)).toHaveLength(1);
  }
});

test('durable names are unique and need no escaping on the server', () => {
  const names = consumers.map(durableName);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9_-]+$/);
});

describe('an order that is not valid', () => {
  const item = { productId: '01900000-0000-7000-8000-000000000001', quantity: 1 };
  const order = { items: [item], shippingAddressId: item.productId, paymentMethodToken: 'tok_success' };
  const violations = (body: unknown): string[] => {
    try {
      parseOrThrow(placeOrderBody, body);
      return [];
    } catch (error) {
      return (error as ValidationFailed).violations.map(({ path }) => path);
    }
  };

  test.each([0, -1, 1.5, 1e9, '1', null])('quantity %p is refused with its path', (quantity) => {
    expect(violations({ ...order, items: [{ ...item, quantity }] })).toEqual(['/items/0/quantity']);
  });

  test.each([
    ['an unknown field', { ...order, discount: 1 }, ['/discount']],
    ['no items', { ...order, items: [] }, ['/items']],
    ['the same product twice', { ...order, items: [item, item] }, ['/items']],
    ['a text instead of an object', 'order', ['']],
    ['several wrong places, all listed', { items: 1 }, ['/items', '/shippingAddressId', '/paymentMethodToken']],
  ])('%s is refused', (_, body, paths) => {
    expect(violations(body)).toEqual(paths);
  });

  test('a valid one passes', () => {
    expect(violations(order)).toEqual([]);
  });
});
