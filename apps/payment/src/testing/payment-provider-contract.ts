import { randomUUID } from 'node:crypto';
import type { PaymentProvider } from '../application/ports.js';
import { PspRefused, PspUnclear, PspUnsent } from '../application/provider-errors.js';

export interface ProviderUnderTest {
  readonly provider: PaymentProvider;
  /** The same adapter, with an unreachable provider. */
  readonly unreachable: PaymentProvider;
  /** Resolves once the provider has completed requests with `tok_slow`. */
  slowDone(): Promise<void>;
}

/** What every adapter of the provider must do. Runs against the fake and, over HTTP, against the sandbox. */
export function paymentProviderContract(name: string, make: () => Promise<ProviderUnderTest>): void {
  describe(`payment provider contract: ${name}`, () => {
    let setup: ProviderUnderTest;
    let provider: PaymentProvider;
    beforeAll(async () => {
      setup = await make();
      provider = setup.provider;
    });
    const fresh = () => ({ reference: randomUUID(), key: randomUUID() });
    const request = (reference: string, paymentMethodToken = 'tok_success') => ({
      reference,
      amountMinor: 1_000,
      currency: 'EUR',
      paymentMethodToken,
    });
    const authorized = async () => {
      const { reference, key } = fresh();
      return provider.authorize(key, request(reference));
    };

    test('a charge is authorized, captured and refunded in parts; reading it lists the refunds', async () => {
      const { id, reference } = await authorized();
      expect(await provider.find(reference)).toMatchObject({ id, reference, status: 'authorized', capturedMinor: 0 });
      expect(await provider.capture(randomUUID(), id)).toMatchObject({ id, status: 'captured', capturedMinor: 1_000 });
      await provider.refund(randomUUID(), id, { reference: 'first', amountMinor: 400 });
      const refunded = await provider.refund(randomUUID(), id, { reference: 'second', amountMinor: 600 });
      expect(refunded).toMatchObject({ status: 'refunded', refundReferences: ['first', 'second'] });
      expect(await provider.find(reference)).toEqual(refunded);
    });

    test('an authorization is voided', async () => {
      const { id } = await authorized();
      expect(await provider.void(randomUUID(), id)).toMatchObject({ id, status: 'voided' });
    });

    test.each([
      ['tok_declined', 'card_declined'],
      ['tok_insufficient_funds', 'insufficient_funds'],
    ])('%s is an outcome, not an error', async (token, declineCode) => {
      const { reference, key } = fresh();
      expect(await provider.authorize(key, request(reference, token))).toMatchObject({
        status: 'declined',
        declineCode,
      });
    });

    test('the same key gives the same charge; with another request it is refused', async () => {
      const { reference, key } = fresh();
      const first = await provider.authorize(key, request(reference));
      expect(await provider.authorize(key, request(reference))).toEqual(first);
      const other = provider.authorize(key, { ...request(reference), amountMinor: 1 });
      await expect(other).rejects.toBeInstanceOf(PspRefused);
    });

    test('charged, then dropped: unclear; the same key returns the charge', async () => {
      const { reference, key } = fresh();
      const charge = request(reference, 'tok_charged_then_dropped');
      await expect(provider.authorize(key, charge)).rejects.toMatchObject({
        constructor: PspUnclear,
        code: 'PSP_UNAVAILABLE',
        retryable: true,
      });
      expect(await provider.authorize(key, charge)).toMatchObject({ status: 'authorized' });
    });

    test('500 after the charge: unclear for that key forever; reading finds the charge', async () => {
      const { reference, key } = fresh();
      const charge = request(reference, 'tok_error_after_charge');
      await expect(provider.authorize(key, charge)).rejects.toBeInstanceOf(PspUnclear);
      await expect(provider.authorize(key, charge)).rejects.toBeInstanceOf(PspUnclear);
      expect(await provider.find(reference)).toMatchObject({ status: 'authorized' });
    });

    test('slow: unclear, in progress and not found until it is done', async () => {
      const { reference, key } = fresh();
      const charge = request(reference, 'tok_slow');
      await expect(provider.authorize(key, charge)).rejects.toBeInstanceOf(PspUnclear);
      await expect(provider.authorize(key, charge)).rejects.toBeInstanceOf(PspUnclear);
      expect(await provider.find(reference)).toBeUndefined();
      await setup.slowDone();
      expect(await provider.find(reference)).toMatchObject({ status: 'authorized' });
      expect(await provider.authorize(key, charge)).toMatchObject({ status: 'authorized' });
    });

    test('an operation that the charge does not allow is refused', async () => {
      const voided = await authorized();
      await provider.void(randomUUID(), voided.id);
      await expect(provider.capture(randomUUID(), voided.id)).rejects.toBeInstanceOf(PspRefused);
      const captured = await authorized();
      await provider.capture(randomUUID(), captured.id);
      await expect(provider.void(randomUUID(), captured.id)).rejects.toBeInstanceOf(PspRefused);
      const tooMuch = provider.refund(randomUUID(), captured.id, { reference: 'r', amountMinor: 1_001 });
      await expect(tooMuch).rejects.toBeInstanceOf(PspRefused);
    });

    test('a reference that was never charged is not found', async () => {
      expect(await provider.find(randomUUID())).toBeUndefined();
    });

    test('an unreachable provider: nothing was sent', async () => {
      const { reference, key } = fresh();
      await expect(setup.unreachable.authorize(key, request(reference))).rejects.toMatchObject({
        constructor: PspUnsent,
        code: 'PSP_UNSENT',
        retryable: true,
      });
      await expect(setup.unreachable.find(reference)).rejects.toBeInstanceOf(PspUnsent);
    });
  });
}
