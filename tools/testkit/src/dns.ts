import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  streamDecode,
  streamEncode,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
} from 'dns-packet';

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string; readonly ttl?: number }
  | {
      readonly type: 'SRV';
      readonly target: string;
      readonly port: number;
      readonly priority?: number;
      readonly weight?: number;
      readonly ttl?: number;
    };

/** `silent`: no answer at all. `servfail`: it says that it cannot. `truncate`: over UDP, only that TCP has more. */
export type DnsMood = 'answer' | 'silent' | 'servfail' | 'truncate';

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  readonly over: 'udp' | 'tcp';
}

export interface TestDns {
  /** `127.0.0.1:<port>`, UDP and TCP. */
  readonly server: string;
  /** Everything that it was asked, oldest first. */
  readonly questions: readonly DnsQuestion[];
  /** Sets all records of a name. TTL 0 unless said otherwise. None: the name exists, without records. */
  set(name: string, records: readonly DnsRecord[]): void;
  /** From now on the name does not exist, as no name does at first. */
  remove(name: string): void;
  mood: DnsMood;
  stop(): Promise<void>;
}

const rcodes = { none: 0, servfail: 2, nxdomain: 3 };

/** Starts a DNS server on loopback that knows what the test tells it. */
export async function startDns(): Promise<TestDns> {
  const zone = new Map<string, readonly DnsRecord[]>();
  const questions: DnsQuestion[] = [];
  const { udp, tcp, port } = await samePort();
  const dns = { server: `127.0.0.1:${port}`, questions, mood: 'answer' as DnsMood };

  /** @returns undefined for silence */
  const respond = (request: Packet, over: 'udp' | 'tcp'): Packet | undefined => {
    const [question] = request.questions ?? [];
    if (!question) return undefined;
    questions.push({ name: question.name, type: question.type, over });
    if (dns.mood === 'silent') return undefined;
    const response: Packet = { type: 'response', id: request.id ?? 0, questions: [question] };
    if (dns.mood === 'servfail') return { ...response, flags: rcodes.servfail };
    if (dns.mood === 'truncate' && over === 'udp') return { ...response, flags: TRUNCATED_RESPONSE };
    const records = zone.get(question.name.toLowerCase());
    const answers = (records ?? []).filter(({ type }) => type === question.type);
    return {
      ...response,
      flags: AUTHORITATIVE_ANSWER | (records ? rcodes.none : rcodes.nxdomain),
      answers: answers.map((record) => answerOf(question.name, record)),
    };
  };

  udp.on('message', (message: Buffer, from: RemoteInfo) => {
    const response = respond(decode(message), 'udp');
    if (response) udp.send(encode(response), from.port, from.address);
  });
  const sockets = new Set<Socket>();
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const end = 2 + received.readUInt16BE();
        const response = respond(streamDecode(received.subarray(0, end)), 'tcp');
        if (response) socket.write(streamEncode(response));
        received = received.subarray(end);
      }
    });
  });
  return Object.assign(dns, {
    set: (name: string, records: readonly DnsRecord[]) => void zone.set(name.toLowerCase(), records),
    remove: (name: string) => void zone.delete(name.toLowerCase()),
    stop: async () => {
      const closed = [once(udp, 'close'), once(tcp, 'close')];
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  });
}

function answerOf(name: string, record: DnsRecord): Answer {
  const { ttl = 0 } = record;
  if (record.type !== 'SRV') return { name, type: record.type, ttl, data: record.address };
  const { target, port, priority = 0, weight = 0 } = record;
  return { name, type: 'SRV', ttl, data: { target, port, priority, weight } };
}

/** A resolver asks over TCP at the port that it asked over UDP. */
async function samePort() {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = createServer();
    await once(tcp.listen(0, '127.0.0.1'), 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    try {
      const listening = once(udp, 'listening');
      udp.bind(port, '127.0.0.1');
      await listening;
      return { udp, tcp, port };
    } catch (error) {
      udp.close();
      tcp.close();
      if (attempt === 10) throw error;
    }
  }
}
