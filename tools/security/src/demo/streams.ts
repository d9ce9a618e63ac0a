import { scopes } from '@causeway/contracts';
import type { Attack } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import type { Person } from '../person.js';
import { RawConnection, type WireResponse } from '../raw-connection.js';
import { ownedId } from '../requests.js';
import { mostStreams } from './most-streams.js';

/** More than one customer may have. */
const streams = 40;
/** Life of the token that a stream is opened with, seconds. */
const shortLife = 3;

/** Event streams cost one request and stay: too many of one customer, and one whose token has expired. */
export const streamFlood: Attack = {
  id: 'streams/flood',
  about: 'forty streams of one customer, thirty of others, and a stream that outlives its token',
  fast: true,
  inside: true,
  run: async (system, found) => {
    const flooder = await system.newcomer();
    const opened = await Promise.all(Array.from({ length: streams }, () => open(system, flooder)));
    const count = (status: number): number => opened.filter(({ response }) => response?.status === status).length;
    if (count(429) === 0) found(`one customer has ${count(200)} streams open`);
    if (count(200) + count(429) !== streams)
      found(`streams → ${opened.map(({ response }) => response?.status).join()}`);
    const other = await open(system, system.victim);
    if (other.response?.status !== 200) found(`meanwhile somebody else’s stream → ${other.response?.status}`);
    const crowd = [...opened, other, ...(await many(system))];
    const all = crowd.filter(({ response }) => response?.status === 200).length;
    if (all > Number(mostStreams.ORDER_EVENTS_MAX_STREAMS_IN_ALL)) found(`${all} streams are open in all`);
    for (const { connection } of crowd) connection.end();
    await expiring(system, found);
  },
};

/** As many as three more customers may have: together more than {@link mostStreams}. */
async function many(system: AttackedSystem): Promise<OpenStream[]> {
  const people = await Promise.all([system.newcomer(), system.newcomer(), system.newcomer()]);
  return Promise.all(people.flatMap((person) => Array.from({ length: 10 }, () => open(system, person))));
}

/** The stream ends by itself; how soon depends on the machine, that it ends does not. */
async function expiring(system: AttackedSystem, found: (fault: string) => void): Promise<void> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { ...(await system.victim.claims([scopes.orders])), exp: now + shortLife };
  const { connection, response } = await open(system, system.victim, await system.inside!.issuer.sign(claims));
  if (response?.status !== 200) return found(`a stream with a token of ${shortLife} s → ${response?.status}`);
  const ended = await Promise.race([
    connection.closed.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(resolve, 60_000, false).unref()),
  ]);
  if (!ended) found('a stream is open long after its token has expired');
  connection.end();
}

interface OpenStream {
  readonly connection: RawConnection;
  /** Its head, with what came at once. */
  readonly response: WireResponse | undefined;
}

async function open(system: AttackedSystem, person: Person, token?: string): Promise<OpenStream> {
  const base = new URL(system.endpoints.gateway);
  const path = `/v1/orders/${await ownedId(system, 'orderId', person)}/events`;
  const bearer = token ?? (await person.token([scopes.orders]));
  const connection = await RawConnection.open(base);
  system.http.requests += 1;
  connection.write(
    `GET ${path} HTTP/1.1\r\nHost: ${base.host}\r\nAuthorization: Bearer ${bearer}\r\nConnection: close\r\n\r\n`,
  );
  return { connection, response: await connection.head() };
}
