import { request } from 'node:http';
import { ManagedProcess, type ProcessOptions } from './managed-process.js';

export interface InstanceOptions extends Pick<
  ProcessOptions,
  'command' | 'args' | 'cwd' | 'env' | 'logFile' | 'watchdog' | 'onChange' | 'onLost' | 'order'
> {
  /** One of the list, or an example. */
  readonly service: string;
  /** 1 for the first. */
  readonly number: number;
  readonly port: number;
  readonly managementPort: number;
}

/** One process of a service. */
export class ServiceInstance extends ManagedProcess {
  readonly id: string;
  readonly service: string;
  readonly number: number;
  readonly url: string;
  readonly managementUrl: string;

  constructor({ service, number, port, managementPort, ...options }: InstanceOptions) {
    const managementUrl = `http://127.0.0.1:${managementPort}`;
    super({
      ...options,
      name: `${service}-${number}`,
      keepLog: true,
      // The service takes at most 15 s to drain, 25 s for work in flight and 5 s to exit.
      graceMs: 50_000,
      // When the launcher is gone, the whole system ends: the watchdog does not wait for clients to leave their
      // connections.
      stopSignal: 'SIGINT',
      isReady: async () => (await statusOf(`${managementUrl}/health/ready`)) === 200,
    });
    this.id = this.name;
    this.service = service;
    this.number = number;
    this.url = `http://127.0.0.1:${port}`;
    this.managementUrl = managementUrl;
  }

  /**
   * Asks the service to stop, and kills it after 50 s.
   * @param signal SIGTERM: it serves until its clients have left, since the others continue. SIGINT: the whole system
   * ends.
   */
  override stop(signal: NodeJS.Signals = 'SIGTERM'): ReturnType<ManagedProcess['stop']> {
    return super.stop(signal);
  }
}

/** @returns 0 without a response. Not `fetch`: its connection pool would keep sockets to processes that come and go. */
export function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('error', () => resolve(0));
    call.once('timeout', () => call.destroy(new Error('no answer')));
    call.end();
  });
}
