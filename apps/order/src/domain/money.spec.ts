import { formatMoney } from './money.js';

test.each([
  [6_490, 'EUR', '64.90 EUR'],
  [5, 'USD', '0.05 USD'],
  [1_200, 'JPY', '1200 JPY'],
  [1_234_567, 'KWD', '1234.567 KWD'],
  [999_999_999_999, 'EUR', '9999999999.99 EUR'],
  [1, 'XYZ', '0.01 XYZ'],
])('%d %s is %s', (amountMinor, currency, text) => {
  expect(formatMoney({ amountMinor, currency })).toBe(text);
});
