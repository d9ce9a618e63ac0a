import { maxTotalMinor, priceOrder, type Product } from './price-order.js';

const product = (id: string, changes: Partial<Product> = {}): [string, Product] => [
  id,
  { id, name: `Product ${id}`, priceMinor: 250, currency: 'EUR', available: 10, ...changes },
];
const catalogue = new Map([
  product('cup'),
  product('kettle', { priceMinor: 5_990, available: 1 }),
  product('gone', { available: 0 }),
  product('import', { currency: 'USD' }),
  product('gold', { priceMinor: 100_000_000, available: 100_000 }),
  product('import gold', { priceMinor: 100_000_000, available: 100_000, currency: 'USD' }),
]);
const price = (...items: readonly [productId: string, quantity: number][]) =>
  priceOrder(
    catalogue,
    items.map(([productId, quantity]) => ({ productId, quantity })),
  );

test('lines carry the names and prices of the catalogue, in the order of the items', () => {
  expect(price(['kettle', 1], ['cup', 2])).toEqual({
    outcome: 'priced',
    lines: [
      { productId: 'kettle', name: 'Product kettle', quantity: 1, unitPriceMinor: 5_990 },
      { productId: 'cup', name: 'Product cup', quantity: 2, unitPriceMinor: 250 },
    ],
    totalMinor: 6_490,
    currency: 'EUR',
  });
});

test('the last item can be bought; one more is a shortage', () => {
  expect(price(['kettle', 1])).toMatchObject({ outcome: 'priced' });
  expect(price(['kettle', 2], ['cup', 1], ['gone', 1])).toEqual({
    outcome: 'out_of_stock',
    shortages: [
      { at: 0, available: 1 },
      { at: 2, available: 0 },
    ],
  });
});

test('the largest total is allowed; one minor unit more is not', () => {
  expect(price(['gold', 10_000])).toMatchObject({ totalMinor: maxTotalMinor });
  expect(price(['gold', 10_000], ['cup', 1])).toEqual({ outcome: 'total_too_large' });
});

test('of several refusals the first wins: unknown products, currencies, the total, the stock', () => {
  expect(price(['unknown', 1], ['import gold', 99_999], ['gone', 1], ['unknown too', 1])).toEqual({
    outcome: 'products_unknown',
    positions: [0, 3],
  });
  expect(price(['import gold', 99_999], ['gone', 1])).toEqual({
    outcome: 'currency_mixed',
    currencies: ['EUR', 'USD'],
  });
  expect(price(['gold', 99_999], ['gone', 1])).toEqual({ outcome: 'total_too_large' });
});

test('a product that appears twice is an error of the caller', () => {
  expect(() => price(['cup', 1], ['cup', 1])).toThrow('appears twice');
});
