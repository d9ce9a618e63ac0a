import type { PlaceOrderBody, PostalAddress } from '@causeway/contracts';
import { ValidationFailed } from '@causeway/errors';
import { IdempotencyKeyInFlight, IdempotencyKeyReused, type IdempotencyScope } from '@causeway/persistence';
import { AddressUnknown, CurrencyMixed, OutOfStock, ProductUnknown } from '../domain/order.errors.js';
import type {
  AddressBook,
  Fingerprint,
  NewId,
  OrderDetails,
  OrderUnitOfWork,
  PlaceOrderResult,
  SealCardToken,
} from './ports.js';
import { countOrder } from './order-counter.js';
import { unpaced, type Pacing } from './pace.js';

export interface PlaceOrderRequest {
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly body: PlaceOrderBody;
}

export interface PlacedOrder {
  readonly order: OrderDetails;
  /** True when an earlier request with the same key placed the order; `order` is as it was then. */
  readonly replayed: boolean;
}

/**
 * Places an order, no faster than orders end: asks the user service for the address, then does everything else in one
 * round trip to the database. The address comes first because nothing remote happens inside a transaction.
 */
export class PlaceOrder {
  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly addresses: AddressBook,
    private readonly sealCardToken: SealCardToken,
    private readonly newId: NewId,
    private readonly fingerprint: Fingerprint,
    private readonly pace: Pacing = unpaced,
  ) {}

  /**
   * @throws AddressUnknown, ProductUnknown, OutOfStock, CurrencyMixed, ValidationFailed (total too large),
   *   IdempotencyKeyInFlight, IdempotencyKeyReused, and what AddressBook throws.
   */
  async execute(request: PlaceOrderRequest): Promise<PlacedOrder> {
    const release = await this.pace.admit();
    let orderId: string | undefined;
    try {
      const placed = await this.place(request);
      if (!placed.replayed) orderId = placed.order.id;
      return placed;
    } finally {
      release(orderId);
    }
  }

  private async place({ customerId, idempotencyKey, body }: PlaceOrderRequest): Promise<PlacedOrder> {
    const items = distinct(body.items);
    const scope = { subject: customerId, route: 'POST /v1/orders', key: idempotencyKey };
    const fingerprint = this.fingerprint(body);
    const found = await this.addressOrReplay(customerId, body.shippingAddressId, scope, fingerprint);
    if ('replay' in found) return { order: found.replay, replayed: true };
    const paymentId = this.newId();
    // From here on nothing in this service sees the token: not its database, not the outbox, not the broker.
    const sealedCardToken = await this.sealCardToken(body.paymentMethodToken, paymentId);
    const result = await this.uow.single((tx) =>
      tx.orders.place({
        orderId: this.newId(),
        paymentId,
        customerId,
        items,
        shippingAddress: found.address,
        sealedCardToken,
        idempotency: { ...scope, fingerprint },
      }),
    );
    if (result.outcome === 'placed') countOrder(result.order.id, result.order.status, 'placed');
    return placed(result);
  }

  /** Replays an earlier response even if the address has been deleted since, or the user service is down. */
  private async addressOrReplay(
    customerId: string,
    addressId: string,
    scope: IdempotencyScope,
    fingerprint: string,
  ): Promise<{ address: PostalAddress } | { replay: OrderDetails }> {
    try {
      const address = await this.addresses.find(customerId, addressId);
      if (address) return { address };
      throw new AddressUnknown();
    } catch (error) {
      const replay = await this.uow.run((tx) => tx.responses.begin(scope, fingerprint));
      if (replay) return { replay };
      throw error;
    }
  }
}

function placed(result: PlaceOrderResult): PlacedOrder {
  switch (result.outcome) {
    case 'placed':
    case 'replayed':
      return { order: result.order, replayed: result.outcome === 'replayed' };
    case 'products_unknown':
      throw new ProductUnknown(result.positions);
    case 'out_of_stock':
      throw new OutOfStock(result.shortages);
    case 'currency_mixed':
      throw new CurrencyMixed(result.currencies);
    case 'total_too_large':
      throw new ValidationFailed([
        { path: '/items', message: 'the total is larger than an order may be; split the order' },
      ]);
    case 'idempotency_in_flight':
      throw new IdempotencyKeyInFlight();
    case 'idempotency_reused':
      throw new IdempotencyKeyReused();
  }
}

/**
 * Refuses repeated products. The schema compares ids as text; the database compares UUIDs, which may be in upper case.
 */
function distinct(items: PlaceOrderBody['items']): PlaceOrderBody['items'] {
  const same = items.map(({ productId, quantity }) => ({ productId: productId.toLowerCase(), quantity }));
  const repeated = same.findIndex(({ productId }, at) => same.findIndex((other) => other.productId === productId) < at);
  if (repeated < 0) return same;
  throw new ValidationFailed([
    { path: `/items/${repeated}/productId`, message: 'each product may appear once; add up its quantities' },
  ]);
}
