import { CodedError, type Violation } from '@causeway/errors';

/** The status of the order rules out this payment outcome. The message becomes a dead letter for an operator. */
export class OrderTransitionIllegal extends CodedError {
  readonly code = 'ORDER_TRANSITION_ILLEGAL';
  readonly remedy = 'Compare the order with its payment; replay the message once they agree, or discard it.';

  constructor(
    readonly orderId: string,
    readonly status: string,
    readonly outcome: string,
  ) {
    super(`order ${orderId} is ${status}, which contradicts payment outcome "${outcome}"`);
  }
}

/** A rejected order has nothing left to cancel. */
export class OrderNotCancellable extends CodedError {
  readonly code = 'ORDER_NOT_CANCELLABLE';
  readonly remedy = 'Reload the order. A rejected order holds neither stock nor money.';

  constructor(
    readonly orderId: string,
    readonly status: string,
  ) {
    super(`order ${orderId} is ${status} and cannot be cancelled`);
  }
}

/** Some products in the order do not exist. */
export class ProductUnknown extends CodedError {
  readonly code = 'PRODUCT_UNKNOWN';
  readonly remedy = 'Take the product ids from GET /v1/products.';
  override readonly violations: readonly Violation[];

  /** @param positions Positions in `items`, from 0. */
  constructor(positions: readonly number[]) {
    super(positions.length === 1 ? 'one product does not exist' : `${positions.length} products do not exist`);
    this.violations = positions.map((at) => ({ path: `/items/${at}/productId`, message: 'unknown product' }));
  }
}

/** Some products have less in stock than the order asks for. Nothing was reserved. */
export class OutOfStock extends CodedError {
  readonly code = 'OUT_OF_STOCK';
  readonly remedy = 'Order at most what is available, or try again later.';
  override readonly violations: readonly Violation[];

  /** @param shortages Positions in `items`, from 0, and what is available instead. */
  constructor(shortages: readonly { readonly at: number; readonly available: number }[]) {
    super(
      shortages.length === 1
        ? 'one product does not have enough stock'
        : `${shortages.length} products do not have enough stock`,
    );
    this.violations = shortages.map(({ at, available }) => ({
      path: `/items/${at}/quantity`,
      message: `only ${available} available`,
    }));
  }
}

/** The products of one order are priced in different currencies. */
export class CurrencyMixed extends CodedError {
  readonly code = 'CURRENCY_MIXED';
  readonly remedy = 'Place a separate order for each currency.';

  constructor(currencies: readonly string[]) {
    super(`the products are priced in ${currencies.join(' and ')}`);
  }
}

/** The shipping address does not exist, or belongs to another customer. */
export class AddressUnknown extends CodedError {
  readonly code = 'ADDRESS_UNKNOWN';
  readonly remedy = 'Take the id from GET /v1/users/me/addresses, or add an address first.';
  override readonly violations: readonly Violation[] = [{ path: '/shippingAddressId', message: 'unknown address' }];

  constructor() {
    super('the shipping address does not exist');
  }
}

/** A payment belongs to an order that does not exist here. */
export class OrderUnknown extends CodedError {
  readonly code = 'NOT_FOUND';
  readonly remedy =
    'Find out who sent the message: every payment starts with an order. Check whether the order database was restored from a backup.';

  constructor(readonly orderId: string) {
    super(`a payment belongs to order ${orderId}, which does not exist`);
  }
}

/**
 * A payment outcome names another payment, amount, currency or refund than the order asked for. The order does not
 * change.
 */
export class PaymentMismatch extends CodedError {
  readonly code = 'PAYMENT_MISMATCH';
  readonly remedy =
    'Find out who sent the message: the order chose the id, amount and currency of its payment. Discard the message unless the order is wrong.';

  /** @param contradiction How it contradicts the order, for operators. */
  constructor(orderId: string, paymentId: string, outcome: string, contradiction: string) {
    super(`outcome "${outcome}" of payment ${paymentId} contradicts order ${orderId}: ${contradiction}`);
  }
}
