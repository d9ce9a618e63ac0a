import type { ValidationFailed } from '@causeway/errors';
import { parseOrThrow, placeOrderBody } from './index.js';

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
