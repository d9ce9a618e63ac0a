import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface SentAttack {
  readonly method: string;
  /** As it goes on the wire: nothing is normalised. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface AttackAnswer {
  /** 0: the connection ended, or nothing came within 60 s. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Milliseconds. */
  readonly ms: number;
}

const patienceMs = 60_000;
/** Longest pause that a rate limit may ask for, seconds. */
const longestPauseSeconds = 65;

/** Sends requests that `fetch` would repair or refuse: paths as they are, any header, any bytes. */
export class AttackClient {
  /** Requests so far, those on raw connections included. */
  requests = 0;
  /** How many answers of each status since the last {@link takeStatuses}. */
  private statuses = new Map<number, number>();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });

  /**
   * @param patient Waits and repeats where a rate limit says so. For a target whose limits are not ours.
   */
  constructor(
    readonly base: URL,
    private readonly patient = false,
  ) {}

  /** @param base Another server than the gateway, for example a service itself. */
  async send(sent: SentAttack, base = this.base): Promise<AttackAnswer> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.once(sent, base);
      const pause = Number(answer.headers['retry-after'] ?? 0);
      if (!this.patient || answer.status !== 429 || tries > 2 || pause > longestPauseSeconds) return answer;
      await new Promise((resolve) => setTimeout(resolve, pause * 1_000));
    }
  }

  /** `200×12 422×30`: what the requests since the last call were answered with, those on raw connections excepted. */
  takeStatuses(): string {
    const counted = [...this.statuses].sort(([one], [other]) => one - other);
    this.statuses = new Map();
    return counted.map(([status, count]) => `${status}×${count}`).join(' ');
  }

  close(): void {
    this.agent.destroy();
  }

  private once({ method, path, headers, body }: SentAttack, base: URL): Promise<AttackAnswer> {
    this.requests += 1;
    const begun = performance.now();
    let ended = false;
    return new Promise((resolve) => {
      const end = (status: number, received: IncomingHttpHeaders, text: string): void => {
        if (ended) return;
        ended = true;
        this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        resolve({ status, headers: received, text, ms: performance.now() - begun });
      };
      const call = request(
        { host: base.hostname, port: base.port, method, path, headers, agent: this.agent, timeout: patienceMs },
        (response) => {
          const chunks: Buffer[] = [];
          const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false;
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            if (!isStream) return;
            // It never ends by itself.
            end(response.statusCode ?? 0, response.headers, chunk.toString());
            response.destroy();
          });
          response.on('error', () => end(0, {}, 'the response broke off'));
          response.on('end', () => end(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString()));
        },
      );
      call.on('timeout', () => call.destroy(new Error('no answer within 60 s')));
      call.on('error', (error) => end(0, {}, error.message));
      call.end(body);
    });
  }
}
