import { Customer, type Door } from '@causeway/launcher';
import { Refused } from './run.js';

export const doorAt = (url: string): Door => ({
  gateway: url,
  oidc: { issuer: `${url}/oidc`, clientId: 'causeway-demo', redirectUri: 'http://127.0.0.1:30080/callback' },
});

/** A new customer orders twice: with a card that works and with one that is declined. @throws when an order ends otherwise. */
export async function placeOrders(url: string, say: (line: string) => void): Promise<void> {
  const customer = await Customer.create(doorAt(url));
  const address = await customer.addAddress();
  say(`customer ${customer.email} has registered and signed in`);
  const product = (await customer.products()).find(({ available }) => available >= 4);
  if (!product)
    throw new Refused('No product has four pieces in stock. Start over with npm run kind:down and kind:up.');
  for (const [token, wanted] of [
    ['tok_success', 'CONFIRMED'],
    ['tok_declined', 'REJECTED'],
  ] as const) {
    const begun = performance.now();
    const { status, body } = await customer.placeOrder({
      items: [{ productId: product.id, quantity: 2 }],
      shippingAddressId: address.id,
      paymentMethodToken: token,
    });
    if (status !== 202) throw new Refused(`POST /v1/orders answered ${status}: ${JSON.stringify(body)}`);
    const order = await customer.waitFor(body.id, ['CONFIRMED', 'REJECTED', 'CANCELLED'], 60_000);
    if (order.status !== wanted) throw new Refused(`Order ${order.id} ended ${order.status}, expected ${wanted}.`);
    const payment = await customer.payment(order.paymentId);
    const ms = Math.round(performance.now() - begun);
    say(
      `order ${order.id}: 2 × ${product.name}, ${token} → ${order.status}, payment ${payment.status}, after ${ms} ms`,
    );
  }
}
