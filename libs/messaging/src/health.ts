import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { BrokerUnavailable } from './errors.js';

const log = getLogger('messaging');
type Action = () => void | Promise<void>;

/** Knows whether NATS is connected, and runs actions when the connection is lost or restored. */
export class BrokerHealth {
  private isUp = true;
  private readonly reconnectListeners = new Set<Action>();
  private readonly disconnectListeners = new Set<Action>();

  constructor(nc: NatsConnection) {
    void (async () => {
      for await (const status of nc.status()) {
        if (status.type === 'disconnect' || status.type === 'close') this.set(false);
        else if (status.type === 'reconnect') this.set(true);
      }
    })();
    void nc.closed().then(() => this.set(false));
  }

  get connected(): boolean {
    return this.isUp;
  }

  /** Runs `action` after every reconnect. Returns a function that unsubscribes. */
  onReconnect(action: Action): () => void {
    return subscribe(this.reconnectListeners, action);
  }

  /** Runs `action` when the connection is lost. Returns a function that unsubscribes. */
  onDisconnect(action: Action): () => void {
    return subscribe(this.disconnectListeners, action);
  }

  /**
   * Returns the result of `work`, or rejects with BrokerUnavailable as soon as the connection is lost: a reply that was
   * in transit never arrives, and waiting for its timeout would last well beyond the reconnect.
   */
  whileConnected<T>(work: Promise<T>): Promise<T> {
    if (!this.isUp) {
      work.catch(() => undefined);
      return Promise.reject(new BrokerUnavailable());
    }
    return new Promise<T>((resolve, reject) => {
      const unsubscribe = this.onDisconnect(() =>
        reject(new BrokerUnavailable('the connection was lost before the broker replied')),
      );
      work.then(resolve, reject).finally(unsubscribe);
    });
  }

  private set(connected: boolean): void {
    if (this.isUp === connected) return;
    this.isUp = connected;
    for (const action of [...(connected ? this.reconnectListeners : this.disconnectListeners)]) {
      void Promise.resolve()
        .then(action)
        .catch((error: unknown) =>
          log.error({ err: error, connected }, 'an action after a change of the NATS connection failed'),
        );
    }
  }
}

function subscribe(actions: Set<Action>, action: Action): () => void {
  actions.add(action);
  return () => actions.delete(action);
}
