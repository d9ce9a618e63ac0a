import { CodedError, type Violation } from '@causeway/errors';

/** A payment outcome that contradicts what the order knows. It goes to the dead letters: a person has to look at it. */
export class OrderTransitionIllegal extends CodedError {
  readonly code = 'ORDER_TRANSITION_ILLEGAL';
  readonly remedy = 'Compare the order with its payment; replay the message once they agree, or discard it.';

  constructor(
    readonly orderId: string,
    readonly status: string,
    readonly outcome: string,
  ) {
    super(`order ${orderId} is ${status}, which the payment outcome "${outcome}" contradicts`);
  }
}

/** A REJECTED order has nothing left to cancel. */
export class OrderNotCancellable extends CodedError {
  readonly code = 'ORDER_NOT_CANCELLABLE';
  readonly remedy = 'Reload the order: a rejected order holds neither stock nor money.';

  constructor(
    readonly orderId: string,
    readonly status: string,
  ) {
    super(`order ${orderId} is ${status} and cannot be cancelled`);
  }
}

/** Some products of the order do not exist. */
export class ProductUnknown extends CodedError {
  readonly code = 'PRODUCT_UNKNOWN';
  readonly remedy = 'Take the product ids from GET /v1/products.';
  override readonly violations: readonly Violation[];

  /** @param positions Places in `items`, from 0. */
  constructor(positions: readonly number[]) {
    super(positions.length === 1 ? 'one product does not exist' : `${positions.length} products do not exist`);
    this.violations = positions.map((at) => ({ path: `/items/${at}/productId`, message: 'unknown product' }));
  }
}

/** Some products have less in stock than was ordered; nothing was reserved. */
export class OutOfStock extends CodedError {
  readonly code = 'OUT_OF_STOCK';
  readonly remedy = 'Order at most what is available, or come back later.';
  override readonly violations: readonly Violation[];

  /** @param shortages Places in `items`, from 0, and what is there instead. */
  constructor(shortages: readonly { readonly at: number; readonly available: number }[]) {
    super(
      shortages.length === 1
        ? 'one product has not enough stock'
        : `${shortages.length} products have not enough stock`,
    );
    this.violations = shortages.map(({ at, available }) => ({
      path: `/items/${at}/quantity`,
      message: `only ${available} available`,
    }));
  }
}

/** One order is paid in one currency. */
export class CurrencyMixed extends CodedError {
  readonly code = 'CURRENCY_MIXED';
  readonly remedy = 'Place one order for each currency.';

  constructor(currencies: readonly string[]) {
    super(`the products are priced in ${currencies.join(' and ')}`);
  }
}

/** The shipping address does not exist, or is somebody else's. */
export class AddressUnknown extends CodedError {
  readonly code = 'ADDRESS_UNKNOWN';
  readonly remedy = 'Take the id from GET /v1/users/me/addresses, or add an address first.';
  override readonly violations: readonly Violation[] = [{ path: '/shippingAddressId', message: 'unknown address' }];

  constructor() {
    super('the shipping address does not exist');
  }
}

/** A payment names an order that this service never placed. */
export class OrderUnknown extends CodedError {
  readonly code = 'NOT_FOUND';
  readonly remedy =
    'Find out who sent the message: every payment is asked for by an order. Was the database of orders restored from a backup?';

  constructor(readonly orderId: string) {
    super(`order ${orderId}, which a payment belongs to, does not exist`);
  }
}

/** A payment outcome names another payment, amount, currency or refund than the order asked for. The order does not change. */
export class PaymentMismatch extends CodedError {
  readonly code = 'PAYMENT_MISMATCH';
  readonly remedy =
    'Find out who sent the message: the order chose the id, amount and currency of its payment. Discard the message unless the order is wrong.';

  /** @param contradiction What the order knows instead, for operators. */
  constructor(orderId: string, paymentId: string, outcome: string, contradiction: string) {
    super(`outcome "${outcome}" of payment ${paymentId} contradicts order ${orderId}: ${contradiction}`);
  }
}
