import { parseOrThrow, type DataOf, type MessageDefinition } from '@causeway/contracts';
import { InMemoryUnitOfWork } from '@causeway/persistence/testing';
import type { SecurityEvent } from '@causeway/telemetry';
import type { Operation, OperationQueue, OperationRepository, PaymentTransaction } from '../application/ports.js';
import { operationKey, type OperationIntent, type Payment } from '../domain/payment.js';

interface StoredOperation extends Omit<Operation, 'status' | 'lease' | 'orderId' | 'currency' | 'chargeId'> {
  readonly status: Operation['status'] | 'SUCCEEDED' | 'REFUSED' | 'WITHDRAWN';
  readonly lease: string | null;
  readonly leaseUntil: number;
  readonly dueAt: number;
}

interface StoredPayments {
  payments: Record<string, Payment>;
  operations: StoredOperation[];
  events: { subject: string; data: unknown }[];
  security: SecurityEvent[];
}

const isOpen = ({ status }: StoredOperation): boolean => status === 'READY' || status === 'UNKNOWN';

/** The payment database in memory, with its own clock, for tests of use cases. */
export class InMemoryPayments implements OperationQueue {
  private time = Date.parse('2026-11-21T10:00:00Z');
  private claims = 0;

  readonly uow = new InMemoryUnitOfWork<StoredPayments, PaymentTransaction>(
    { payments: {}, operations: [], events: [], security: [] },
    (draft) => this.bind(draft),
  );

  readonly now = (): Date => new Date(this.time);

  pass(ms: number): void {
    this.time += ms;
  }

  payment(id: string): Payment | undefined {
    return this.uow.state.payments[id];
  }

  /** Open operations of a payment, with the milliseconds until they are due. */
  open(paymentId: string): (StoredOperation & { readonly inMs: number })[] {
    const mine = this.uow.state.operations.filter(
      (operation) => operation.paymentId === paymentId && isOpen(operation),
    );
    return mine.map((operation) => ({ ...operation, inMs: operation.dueAt - this.time }));
  }

  /** The data of all published events of one kind. */
  events<M extends MessageDefinition>(definition: M): DataOf<M>[] {
    return this.uow.state.events
      .filter(({ subject }) => subject === definition.subject)
      .map(({ data }) => data as DataOf<M>);
  }

  /** `authorized`, `captured`, … in the order they were published. */
  published(): string[] {
    return this.uow.state.events.map(({ subject }) => subject.split('.')[2] ?? '');
  }

  claim(limit: number, leaseMs: number): Promise<Operation[]> {
    const lease = `lease-${++this.claims}`;
    const { state } = this.uow;
    const due = state.operations
      .filter((one) => isOpen(one) && one.dueAt <= this.time && one.leaseUntil <= this.time)
      .slice(0, limit);
    const claimed = due.map((one) => {
      const attempts = one.attempts + (one.status === 'READY' ? 1 : 0);
      return { ...one, attempts, lease, leaseUntil: this.time + leaseMs };
    });
    state.operations = state.operations.map((one) => claimed.find(({ id }) => id === one.id) ?? one);
    return Promise.resolve(
      claimed.map((one) => {
        const { orderId = '', chargeId = null, terms } = state.payments[one.paymentId] ?? {};
        const status = one.status as Operation['status'];
        return { ...one, status, orderId, currency: terms?.currency ?? '', chargeId };
      }),
    );
  }

  untilNextDue(): Promise<number | undefined> {
    const waits = this.uow.state.operations
      .filter(isOpen)
      .map(({ dueAt, leaseUntil }) => Math.max(dueAt, leaseUntil) - this.time);
    return Promise.resolve(waits.length > 0 ? Math.max(0, Math.min(...waits)) : undefined);
  }

  release({ id, lease }: Pick<Operation, 'id' | 'lease'>, delayMs: number): Promise<void> {
    const { state } = this.uow;
    state.operations = state.operations.map((one) =>
      one.id === id && one.lease === lease && isOpen(one)
        ? { ...one, leaseUntil: this.time, dueAt: this.time + delayMs }
        : one,
    );
    return Promise.resolve();
  }

  private bind(draft: StoredPayments): PaymentTransaction {
    return {
      payments: {
        forUpdate: async (id) => draft.payments[id],
        insert: async (payment) => {
          if (draft.payments[payment.id]) return false;
          draft.payments[payment.id] = payment;
          return true;
        },
        save: async (payment, before) => {
          if (draft.payments[payment.id]?.version !== before.version) throw new Error('saved without a lock');
          draft.payments[payment.id] = payment;
        },
      },
      operations: this.operations(draft),
      outbox: {
        add: async (definition, _aggregateId, data) => {
          draft.events.push({ subject: definition.subject, data: parseOrThrow(definition.data, data) });
          return String(draft.events.length);
        },
      },
      security: { record: async (event) => void draft.security.push(event) },
    };
  }

  private operations(draft: StoredPayments): OperationRepository {
    const change = (matches: (one: StoredOperation) => boolean, patch: Partial<StoredOperation>): boolean => {
      const found = draft.operations.some(matches);
      draft.operations = draft.operations.map((one) => (matches(one) ? { ...one, ...patch } : one));
      return found;
    };
    const inFlight = (paymentId: string) => (one: StoredOperation) => one.paymentId === paymentId && isOpen(one);
    return {
      add: async (paymentId, intent, token) => void draft.operations.push(this.create(draft, paymentId, intent, token)),
      mayBeSent: async (paymentId) => draft.operations.some((one) => inFlight(paymentId)(one) && one.attempts > 0),
      withdraw: async (paymentId) => void change(inFlight(paymentId), { status: 'WITHDRAWN' }),
      close: async (id, status) =>
        change((one) => one.id === id && isOpen(one), { status, lease: null, sealedCardToken: null }),
      reschedule: async ({ id, lease }, { delayMs, ...next }) =>
        change((one) => one.id === id && one.lease === lease && isOpen(one), {
          ...next,
          lease: null,
          leaseUntil: 0,
          dueAt: this.time + delayMs,
        }),
      makeDueNow: async (paymentId) =>
        void change((one) => inFlight(paymentId)(one) && one.status === 'UNKNOWN', { dueAt: this.time }),
    };
  }

  private create(draft: StoredPayments, paymentId: string, intent: OperationIntent, token?: string): StoredOperation {
    const mine = draft.operations.filter((one) => one.paymentId === paymentId);
    if (mine.some(isOpen)) throw new Error('two operations in flight for one payment');
    const key = operationKey(paymentId, intent.kind, mine.filter(({ kind }) => kind === intent.kind).length + 1);
    return {
      id: key,
      paymentId,
      kind: intent.kind,
      key,
      status: 'READY',
      amountMinor: intent.amountMinor,
      refundId: intent.refundId ?? null,
      sealedCardToken: token ?? null,
      attempts: 0,
      reads: 0,
      unsent: 0,
      createdAt: this.now(),
      traceparent: null,
      lease: null,
      leaseUntil: 0,
      dueAt: this.time,
    };
  }
}
