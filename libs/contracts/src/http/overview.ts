import { z } from 'zod';
import { text } from '../text.js';
import { orderHistory, orderView } from './orders.js';
import { paymentView } from './payments.js';
import { userView } from './users.js';

/** One part of a composed response: its data, or why it is unavailable. */
const part = <T extends z.ZodType>(data: T) =>
  z.discriminatedUnion('available', [
    z.object({ available: z.literal(true), data }),
    z.object({ available: z.literal(false), code: text, detail: text }),
  ]);

export const orderOverview = z
  .object({
    order: part(orderView),
    history: part(orderHistory),
    payment: part(paymentView),
    customer: part(userView.pick({ id: true, displayName: true, email: true })),
  })
  .meta({ id: 'OrderOverview' });
export type OrderOverview = z.infer<typeof orderOverview>;
