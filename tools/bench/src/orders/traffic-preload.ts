/**
 * `node --import traffic-preload.js …`: counts what this process sends to PostgreSQL and NATS, for `traffic.ts`. Neither
 * server can tell the round trips: only the client knows when it waits.
 */
import { subscribe } from 'node:diagnostics_channel';
import { renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Traffic } from './traffic.js';

const { TRAFFIC_FOLDER: folder, DATABASE_URL: database, NATS_URL: nats } = process.env;
const portOf = (url: string | undefined): number | undefined => (url ? Number(new URL(url).port) : undefined);
const [databasePort, natsPort] = [portOf(database), portOf(nats)];

const counted = { roundTrips: 0, messages: 0 } satisfies Traffic;
let written = '';
if (folder) setInterval(() => publish(join(folder, `${process.pid}.json`)), 100).unref();

function publish(file: string): void {
  const text = JSON.stringify(counted);
  if (text === written) return;
  writeFileSync(`${file}.new`, (written = text));
  renameSync(`${file}.new`, file);
}

subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.once('connect', () => {
    if (socket.remotePort === databasePort) countTurns(socket);
    else if (socket.remotePort === natsPort) countMessages(socket);
  });
});

/** A round trip: something is sent after something has arrived. What is sent together is one. */
function countTurns(socket: Socket): void {
  let arrived = true;
  const push = socket.push.bind(socket);
  socket.push = (chunk, encoding) => {
    arrived = true;
    return push(chunk, encoding);
  };
  onWrite(socket, () => {
    if (arrived) counted.roundTrips += 1;
    arrived = false;
  });
}

/** Requests to the broker itself and acknowledgements are messages, too. */
function countMessages(socket: Socket): void {
  onWrite(socket, (chunk) => {
    counted.messages +=
      Buffer.from(chunk as Uint8Array)
        .toString('latin1')
        .match(/(?<=^|\r\n)H?PUB /g)?.length ?? 0;
  });
}

function onWrite(socket: Socket, seen: (chunk: unknown) => void): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    seen(args[0]);
    return write(...args);
  };
}
