import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** The `Connection` header. */
  readonly connection: string | undefined;
}

/** One HTTP connection, written by hand: it never retries, and sends without asking whether the other side is still there. */
export class RawClient {
  readonly closed: Promise<unknown>;
  private received = '';

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    socket.on('error', () => undefined);
    this.closed = once(socket, 'close');
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** @throws when the connection is closed before there is an answer. */
  async get(path: string): Promise<RawAnswer> {
    this.send(head('GET', path));
    return this.answer();
  }

  /**
   * The next answer; a body needs a Content-Length.
   * @param toHead It has no body, whatever its length says.
   * @throws when the connection is closed before there is one.
   */
  async answer(toHead = false): Promise<RawAnswer> {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      const lines = this.received.slice(0, Math.max(end, 0)).split('\r\n');
      const header = (name: string): string | undefined =>
        lines.find((line) => line.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2);
      const length = end + 4 + (toHead ? 0 : Number(header('content-length') ?? 0));
      if (end >= 0 && this.received.length >= length) {
        this.received = this.received.slice(length);
        return { status: Number(lines[0]?.split(' ')[1]), connection: header('connection') };
      }
      if (this.socket.closed || this.socket.readableEnded) throw new Error('closed without an answer');
      await Promise.race([once(this.socket, 'data').catch(() => undefined), this.closed]);
    }
  }

  end(): void {
    this.socket.destroy();
  }
}

export const head = (method: string, path: string, ...headers: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: test', ...headers, '', ''].join('\r\n');
