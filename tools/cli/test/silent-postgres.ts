import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A message of PostgreSQL's protocol: type, length, body. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
const ready = message('Z', Buffer.from('I'));
const authenticated = message('R', Buffer.alloc(4));
const done = message('C', Buffer.from('SELECT 0\0'));

/**
 * A server that lets everybody in, answers some statements and then falls silent, as one that was stopped with SIGSTOP:
 * its kernel keeps the connections open and takes what is sent.
 */
export class SilentPostgres {
  private readonly sockets: Socket[] = [];
  private readonly server: Server;
  private unanswered: (() => void)[] = [];

  private constructor(answers: number) {
    // Half-open: who says goodbye gets no answer.
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      let [started, left] = [false, answers];
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (!started) {
          started = true;
          socket.write(Buffer.concat([authenticated, ready]));
        } else if (left > 0) {
          left -= 1;
          socket.write(Buffer.concat([done, ready]));
        } else for (const resolve of this.unanswered.splice(0)) resolve();
      });
    });
  }

  /** @param answers Statements of each connection that are answered, with no row. */
  static async start(answers: number): Promise<SilentPostgres> {
    const made = new SilentPostgres(answers);
    await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    return `postgres://a:b@127.0.0.1:${(this.server.address() as AddressInfo).port}/a`;
  }

  /** Resolves when somebody has asked something that is not answered. */
  ignored(): Promise<void> {
    return new Promise((resolve) => this.unanswered.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
