import { z } from 'zod';
import { opaque, text } from '../text.js';
import { amountMinor, currency, id, timestamp, version } from '../values.js';
import { command, event } from './define.js';

const target = { paymentId: id, orderId: id };

export const authorizePayment = command(
  'payment.cmd.authorize.v1',
  'Reserve the amount on the customer’s card',
  z.object({
    ...target,
    customerId: id,
    amountMinor: amountMinor.min(1),
    currency,
    paymentMethodToken: opaque(1, 64),
  }),
);
export const capturePayment = command('payment.cmd.capture.v1', 'Take the authorised amount', z.object(target));
export const voidPayment = command(
  'payment.cmd.void.v1',
  'Give up an authorisation. Of a payment never authorised: remember that it must not be; of a captured one: refund it',
  z.object({ ...target, reason: text }),
);
export const refundPayment = command(
  'payment.cmd.refund.v1',
  'Give captured money back; the same refundId is refunded once',
  z.object({ ...target, refundId: id, amountMinor: amountMinor.min(1), reason: text }),
);

/** `version` counts the changes of the payment. */
const paymentFact = { ...target, version, occurredAt: timestamp };

export const paymentAuthorized = event(
  'payment.evt.authorized.v1',
  'The amount is reserved on the card',
  z.object({ ...paymentFact, amountMinor, currency }),
);
export const paymentDeclined = event(
  'payment.evt.declined.v1',
  'The card was declined; nothing is reserved',
  z.object({ ...paymentFact, reason: text }),
);
export const paymentCaptured = event(
  'payment.evt.captured.v1',
  'The money was taken',
  z.object({ ...paymentFact, amountMinor, currency }),
);
export const paymentCaptureFailed = event(
  'payment.evt.capture-failed.v1',
  'The provider refused to take the money; the authorisation may still stand',
  z.object({ ...paymentFact, reason: text }),
);
export const paymentVoided = event(
  'payment.evt.voided.v1',
  'Nothing is reserved any more',
  z.object({ ...paymentFact, reason: text }),
);
export const paymentRefunded = event(
  'payment.evt.refunded.v1',
  'Money was given back',
  z.object({ ...paymentFact, refundId: id, amountMinor, currency, reason: text }),
);
