import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { BrokerUnavailable } from './errors.js';

const log = getLogger('messaging');
type Action = () => void | Promise<void>;

/** Whether NATS is reachable right now, and a place to hook what has to happen when it goes and comes back. */
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

  /** Runs `action` after every reconnect. Returns a function that ends it. */
  onReconnect(action: Action): () => void {
    return subscribe(this.reconnectListeners, action);
  }

  /** Runs `action` when the connection is lost. Returns a function that ends it. */
  onDisconnect(action: Action): () => void {
    return subscribe(this.disconnectListeners, action);
  }

  /**
   * The result of `work`, or BrokerUnavailable as soon as the connection is lost: an answer that was on its way will never come, and waiting
   * for its timeout would hold everything up long after the reconnect.
   */
  whileConnected<T>(work: Promise<T>): Promise<T> {
    if (!this.isUp) {
      work.catch(() => undefined);
      return Promise.reject(new BrokerUnavailable());
    }
    return new Promise<T>((resolve, reject) => {
      const undo = this.onDisconnect(() =>
        reject(new BrokerUnavailable('the connection was lost before the broker answered')),
      );
      work.then(resolve, reject).finally(undo);
    });
  }

  private set(connected: boolean): void {
    if (this.isUp === connected) return;
    this.isUp = connected;
    for (const action of [...(connected ? this.reconnectListeners : this.disconnectListeners)]) {
      void Promise.resolve()
        .then(action)
        .catch((error: unknown) => log.error({ err: error, connected }, 'an action on the connection to NATS failed'));
    }
  }
}

function subscribe(actions: Set<Action>, action: Action): () => void {
  actions.add(action);
  return () => actions.delete(action);
}
