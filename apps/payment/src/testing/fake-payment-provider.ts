import type { AuthorizeRequest, PaymentProvider } from '../application/ports.js';
import { PspRefused, PspUnclear, PspUnsent } from '../application/provider-errors.js';
import type { ProviderCharge } from '../domain/provider-charge.js';

interface FakeCharge extends ProviderCharge {
  readonly refundedMinor: number;
  readonly amountMinor: number;
}

type KnownKey = { readonly request: string; readonly charge?: FakeCharge; readonly error?: Error };

const declines: Readonly<Record<string, string>> = {
  tok_declined: 'card_declined',
  tok_insufficient_funds: 'insufficient_funds',
};

/**
 * The payment provider in memory, with the same test cards and the same rules for keys; it passes the contract of the
 * real one.
 */
export class FakePaymentProvider implements PaymentProvider {
  /** Every movement of money, in order: `authorize 1000`, `capture 1000`. */
  readonly ledger: string[] = [];
  /** Idempotency keys in the order they arrived. */
  readonly sent: string[] = [];
  /** While true, no request arrives. */
  down = false;
  private readonly charges = new Map<string, FakeCharge>();
  private readonly keys = new Map<string, KnownKey>();
  private readonly slow: (() => void)[] = [];

  authorize(key: string, request: AuthorizeRequest): Promise<ProviderCharge> {
    const { paymentMethodToken, reference, amountMinor } = request;
    const declineCode = declines[paymentMethodToken] ?? null;
    const make = (): FakeCharge => {
      const id = `ch_${this.charges.size + 1}`;
      const status = declineCode === null ? 'authorized' : 'declined';
      const charge = {
        id,
        reference,
        status,
        declineCode,
        amountMinor,
        capturedMinor: 0,
        refundedMinor: 0,
        refundReferences: [],
      } as const;
      return this.post(charge, `${declineCode === null ? 'authorize' : 'decline'} ${amountMinor}`);
    };
    return this.once(key, request, make, paymentMethodToken);
  }

  capture(key: string, chargeId: string): Promise<ProviderCharge> {
    return this.once(key, chargeId, () => {
      const charge = this.expect(chargeId, 'authorized');
      return this.post(
        { ...charge, status: 'captured', capturedMinor: charge.amountMinor },
        `capture ${charge.amountMinor}`,
      );
    });
  }

  void(key: string, chargeId: string): Promise<ProviderCharge> {
    return this.once(key, chargeId, () => {
      const charge = this.expect(chargeId, 'authorized');
      return this.post({ ...charge, status: 'voided' }, `void ${charge.amountMinor}`);
    });
  }

  refund(key: string, chargeId: string, request: { reference: string; amountMinor: number }): Promise<ProviderCharge> {
    return this.once(key, [chargeId, request], () => {
      const charge = this.expect(chargeId, 'captured', 'partially_refunded');
      const refundedMinor = charge.refundedMinor + request.amountMinor;
      if (refundedMinor > charge.capturedMinor) throw new PspRefused('refund_too_large', 'more than was captured');
      const status = refundedMinor === charge.capturedMinor ? 'refunded' : 'partially_refunded';
      const refundReferences = [...charge.refundReferences, request.reference];
      return this.post({ ...charge, status, refundedMinor, refundReferences }, `refund ${request.amountMinor}`);
    });
  }

  async find(reference: string): Promise<ProviderCharge | undefined> {
    this.arrive();
    return [...this.charges.values()].find((charge) => charge.reference === reference);
  }

  /** Completes the pending requests with `tok_slow`. */
  finishSlow(): void {
    for (const finish of this.slow.splice(0)) finish();
  }

  private async once(key: string, request: unknown, make: () => FakeCharge, token?: string): Promise<ProviderCharge> {
    this.arrive();
    this.sent.push(key);
    const mark = JSON.stringify(request);
    const before = this.keys.get(key);
    if (before) {
      if (before.request !== mark) throw new PspRefused('idempotency_key_reused', 'another request');
      if (before.charge) return before.charge;
      throw before.error ?? new PspUnclear('idempotency_key_in_use');
    }
    if (token === 'tok_slow') {
      this.keys.set(key, { request: mark });
      this.slow.push(() => this.keys.set(key, { request: mark, charge: make() }));
      throw new PspUnclear('timeout');
    }
    return this.answer(key, mark, make, token);
  }

  private answer(key: string, request: string, make: () => FakeCharge, token?: string): ProviderCharge {
    try {
      const charge = make();
      const error = token === 'tok_error_after_charge' ? new PspUnclear('status 500') : undefined;
      this.keys.set(key, error ? { request, error } : { request, charge });
      if (token === 'tok_charged_then_dropped') throw new PspUnclear('connection lost');
      if (error) throw error;
      return charge;
    } catch (error) {
      if (error instanceof PspRefused) this.keys.set(key, { request, error });
      throw error;
    }
  }

  private arrive(): void {
    if (this.down) throw new PspUnsent('ECONNREFUSED');
  }

  private expect(id: string, ...statuses: ProviderCharge['status'][]): FakeCharge {
    const charge = this.charges.get(id);
    if (!charge) throw new PspRefused('charge_unknown', id);
    if (!statuses.includes(charge.status)) throw new PspRefused('invalid_state', `the charge is ${charge.status}`);
    return charge;
  }

  private post(charge: FakeCharge, line: string): FakeCharge {
    this.charges.set(charge.id, charge);
    this.ledger.push(line);
    return charge;
  }
}
