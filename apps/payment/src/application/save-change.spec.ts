import { voidBeforeAuthorization } from '../domain/commands.js';
import { InMemoryPayments } from '../testing/in-memory-payments.js';
import { saveChange } from './save-change.js';

test.each([
  { kind: 'authorized' },
  { kind: 'captured' },
  { kind: 'refunded', refundId: '01939f00-0000-7000-8000-00000000000c', amountMinor: 1, reason: 'returned' },
] as const)('a void marker, which has no terms, cannot be announced as $kind', async (fact) => {
  const db = new InMemoryPayments();
  const now = db.now();
  const id = '01939f00-0000-7000-8000-00000000000a';
  const { payment } = voidBeforeAuthorization({ id, orderId: id, reason: 'cancelled', now });
  const saving = db.uow.run((tx) => saveChange(tx, { payment, facts: [fact] }, { before: payment, now }));
  await expect(saving).rejects.toThrow(/has no terms/);
  expect(db.published()).toEqual([]);
});
