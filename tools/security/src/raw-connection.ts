import { connect, type Socket } from 'node:net';

/** A response as it came over a raw connection. */
export interface WireResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const patienceMs = 60_000;

/**
 * A connection that is written by hand, for bytes that no HTTP client would send.
 * Loopback only, as everything here.
 */
export class RawConnection {
  /** Resolves when the other side has closed it, or this one. */
  readonly closed: Promise<void>;
  isClosed = false;
  private received = '';
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.isClosed = true;
        this.wake();
        resolve();
      }),
    );
  }

  static async open({ hostname, port }: Pick<URL, 'hostname' | 'port'>): Promise<RawConnection> {
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  write(bytes: string | Buffer): void {
    if (!this.isClosed) this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The head of the next response, for one whose body never ends. */
  head(): Promise<WireResponse | undefined> {
    return this.until(() => this.parsedHead());
  }

  /** The next response; undefined when the connection ends before there is one, or nothing comes for 60 s. */
  next(): Promise<WireResponse | undefined> {
    return this.until(() => this.take());
  }

  /** Every response until the other side closes the connection, or says nothing for `quietMs`. */
  async all(quietMs: number): Promise<WireResponse[]> {
    const responses: WireResponse[] = [];
    for (let lengthBefore = -1; !this.isClosed && this.received.length !== lengthBefore;) {
      lengthBefore = this.received.length;
      await Promise.race([this.closed, pause(quietMs)]);
    }
    for (let response = this.take(); response; response = this.take()) responses.push(response);
    return responses;
  }

  end(): void {
    this.socket.destroy();
  }

  private async until<T>(look: () => T | undefined): Promise<T | undefined> {
    for (const limitAt = performance.now() + patienceMs; performance.now() < limitAt;) {
      const found = look();
      if (found || this.isClosed) return found;
      await Promise.race([new Promise<void>((resolve) => (this.wake = resolve)), pause(1_000)]);
    }
    return undefined;
  }

  private parsedHead(): WireResponse | undefined {
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.received.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':', 1)[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return { status: Number(statusLine.split(' ')[1]), headers, body: this.received.slice(end + 4) };
  }

  private take(): WireResponse | undefined {
    const head = this.parsedHead();
    if (!head) return undefined;
    const { headers, body: rest } = head;
    const taken = headers['transfer-encoding'] === 'chunked' ? chunked(rest) : counted(rest, headers['content-length']);
    if (!taken) return undefined;
    this.received = rest.slice(taken.length);
    return { ...head, body: taken.body };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function counted(text: string, length = '0'): { body: string; length: number } | undefined {
  return text.length < Number(length) ? undefined : { body: text.slice(0, Number(length)), length: Number(length) };
}

function chunked(text: string): { body: string; length: number } | undefined {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || text.length < lineEnd + 2 + size + 2) return undefined;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { body, length: at };
  }
}
