import { z } from 'zod';
import { text } from '../text.js';
import { amountMinor, currency, id, timestamp, version } from '../values.js';
import { command, event } from './define.js';

/**
 * A card token as JWE in compact form (RFC 7516), which only payment can open and only for its payment. The pattern keeps
 * a token in the clear out of the broker, should anybody ever put one here.
 */
const sealedCardToken = z
  .string()
  .regex(/^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/, { error: 'expected JWE in compact form' })
  .max(2_048);

const target = { paymentId: id, orderId: id };

export const authorizePayment = command(
  'payment.cmd.authorize.v2',
  'Reserve the amount on the customer’s card',
  z.object({
    ...target,
    customerId: id,
    amountMinor: amountMinor.min(1),
    currency,
    sealedCardToken,
  }),
);
export const capturePayment = command('payment.cmd.capture.v1', 'Capture the authorized amount', z.object(target));
export const voidPayment = command(
  'payment.cmd.void.v1',
  'Release an authorization. If the payment was never authorized, prevent that it ever is; if it was captured, refund it',
  z.object({ ...target, reason: text }),
);
export const refundPayment = command(
  'payment.cmd.refund.v1',
  'Refund captured money; each refundId is refunded once',
  z.object({ ...target, refundId: id, amountMinor: amountMinor.min(1), reason: text }),
);

/** `version` counts the changes to the payment. */
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
  'The payment was captured',
  z.object({ ...paymentFact, amountMinor, currency }),
);
export const paymentCaptureFailed = event(
  'payment.evt.capture-failed.v1',
  'The provider refused the capture; the authorization may still be in place',
  z.object({ ...paymentFact, reason: text }),
);
export const paymentVoided = event(
  'payment.evt.voided.v1',
  'The authorization was released; nothing is reserved any longer',
  z.object({ ...paymentFact, reason: text }),
);
export const paymentRefunded = event(
  'payment.evt.refunded.v1',
  'Money was refunded',
  z.object({ ...paymentFact, refundId: id, amountMinor, currency, reason: text }),
);
