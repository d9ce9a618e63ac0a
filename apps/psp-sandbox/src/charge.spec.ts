import { authorizeCharge, captureCharge, testCardOf, refundCharge, voidCharge } from './charge.js';

const charge = authorizeCharge({
  id: 'ch_1',
  reference: 'order-1',
  amountMinor: 1_000,
  currency: 'EUR',
  declineCode: null,
}).charge;
const captured = captureCharge(charge).charge;
const codeOf = (fn: () => unknown): string | undefined => {
  try {
    fn();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

test.each([
  ['tok_success', null, 'none'],
  ['tok_declined', 'card_declined', 'none'],
  ['tok_insufficient_funds', 'insufficient_funds', 'none'],
  ['tok_slow', null, 'slow'],
  ['tok_charged_then_dropped', null, 'drop'],
  ['tok_error_after_charge', null, 'error'],
])('%s is declined with %s and fails by %s', (token, declineCode, failure) => {
  expect(testCardOf(token)).toEqual({ declineCode, failure });
});

test.each(['tok_unknown', '', 'constructor', '__proto__'])('a token that does not exist is refused: "%s"', (token) => {
  expect(codeOf(() => testCardOf(token))).toBe('payment_method_unknown');
});

test('every transition has its ledger entry', () => {
  const entries = [captureCharge(charge), voidCharge(charge), refundCharge(captured, 400)].map(({ entry }) => entry);
  expect(entries).toEqual([
    { type: 'capture', amountMinor: 1_000 },
    { type: 'void', amountMinor: 1_000 },
    { type: 'refund', amountMinor: 400 },
  ]);
});

test('a charge is refunded in parts until nothing is left', () => {
  const partly = refundCharge(captured, 400).charge;
  expect([partly.status, partly.refundedMinor]).toEqual(['partially_refunded', 400]);
  expect(refundCharge(partly, 600).charge.status).toBe('refunded');
  expect(codeOf(() => refundCharge(partly, 601))).toBe('refund_too_large');
});

test('no operation happens twice, and a voided charge cannot be captured', () => {
  const voided = voidCharge(charge).charge;
  expect(codeOf(() => captureCharge(captured))).toBe('charge_already_captured');
  expect(codeOf(() => voidCharge(voided))).toBe('charge_already_voided');
  expect(codeOf(() => captureCharge(voided))).toBe('charge_not_capturable');
  expect(codeOf(() => voidCharge(captured))).toBe('charge_not_voidable');
  expect(codeOf(() => refundCharge(charge, 1))).toBe('charge_not_refundable');
});
