import { createHmac } from 'node:crypto';
import type { AttackedSystem } from '../attacked-system.js';
import type { ResourceMaker } from '../resource-maker.js';

/** Payments come with orders, and products are there. */
export const demoIds: Readonly<Record<string, (maker: ResourceMaker) => Promise<string | undefined>>> = {
  paymentId: async ({ owned, get }) => {
    const { text } = await get('getOrder', `/v1/orders/${await owned('orderId')}`);
    return (JSON.parse(text) as { paymentId?: string }).paymentId;
  },
  productId: async ({ accepted }) => {
    const { items } = JSON.parse(await accepted('listProducts')) as { items: { id: string }[] };
    return items[0]?.id;
  },
};

/** A body that leaves enough for the orders of other attacks. */
export const demoBodies: Readonly<Record<string, () => unknown>> = { setStock: () => ({ available: 1_000_000 }) };

/** As the payment provider signs a webhook. Without its secret, a signature that is wrong. */
export function demoSignature(
  { inside }: Pick<AttackedSystem, 'inside'>,
  content: string | Buffer,
  { secret = inside?.system.secrets.pspWebhookSecret ?? 'unknown', at = Math.floor(Date.now() / 1_000) } = {},
): { readonly 'psp-signature': string } {
  const signature = createHmac('sha256', secret).update(`${at}.`).update(content).digest('hex');
  return { 'psp-signature': `t=${at},v1=${signature}` };
}
