import { getLogger } from '@causeway/telemetry';
import type { Endpoint } from '../resolver.js';

const log = getLogger('discovery');
const none: readonly Endpoint[] = [];

/** What is known about the instances of one service from the answers of the DNS: no connection, no clock. */
export class KnownAddresses {
  /** The same array until something changes. */
  list: readonly Endpoint[] = none;
  private empty = 0;
  private failing = false;

  /** @param emptyAnswers Empty answers in a row that empty the list: one may be that of a DNS that has just started. */
  constructor(
    private readonly service: string,
    private readonly emptyAnswers: number,
  ) {}

  /** Takes an answer. */
  answered(urls: readonly string[]): void {
    if (this.failing) log.info({ peer: this.service }, `the DNS answers again for ${this.service}`);
    this.failing = false;
    this.empty = urls.length === 0 ? this.empty + 1 : 0;
    if (urls.length === 0 && this.empty < this.emptyAnswers) return;
    const before = new Map(this.list.map((endpoint) => [endpoint.url, endpoint]));
    const added = urls.filter((url) => !before.has(url));
    const removed = this.list.filter(({ url }) => !urls.includes(url));
    if (added.length === 0 && removed.length === 0) return;
    this.list = urls.map((url) => before.get(url) ?? { id: url, url });
    for (const url of added) log.info({ peer: this.service, url }, `${this.service} found at ${url}`);
    for (const { url } of removed) log.info({ peer: this.service, url }, `${this.service} gone from ${url}`);
  }

  /** The DNS did not answer: an address that was right a moment ago is better than none. */
  failed(err: unknown): void {
    if (this.failing) return;
    this.failing = true;
    const still = `the ${this.list.length} addresses known before stay in use`;
    const remedy = 'check the DNS server, and that a NetworkPolicy lets this process ask it (port 53, UDP and TCP)';
    log.warn({ peer: this.service, err, remedy }, `the DNS gave no answer for ${this.service}; ${still}`);
  }
}
