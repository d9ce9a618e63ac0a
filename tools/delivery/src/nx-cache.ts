import { randomBytes } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface NxCache {
  /** Settings of Nx for the processes that shall use it. */
  readonly env: Readonly<Record<string, string>>;
  readonly hits: () => number;
  close(): Promise<void>;
}

/** Entries that no run has read or written for a week go. */
const keptMs = 7 * 24 * 3_600_000;

/**
 * Serves a folder as Nx's remote cache (nx.dev, "Self-hosted caching": GET and PUT of /v1/cache/<hash>), on the loopback
 * interface and with a token of its own. Nx binds the cache in its home folder to the machine's id: on the next runner,
 * which has another, a pipeline that had kept that folder would find nothing in it.
 */
export async function startNxCache(folder: string): Promise<NxCache> {
  mkdirSync(folder, { recursive: true });
  removeOld(folder);
  const token = randomBytes(24).toString('hex');
  let hits = 0;
  const server = createServer((request, response) => {
    const hash = /^\/v1\/cache\/(\w+)$/.exec(request.url ?? '')?.[1];
    if (request.headers.authorization !== `Bearer ${token}`) return answer(response, 401);
    if (hash === undefined) return answer(response, 404);
    const file = join(folder, hash);
    if (request.method === 'PUT') return void store(request, file).then((status) => answer(response, status));
    if (request.method !== 'GET' || !existsSync(file)) return answer(response, 404);
    hits += 1;
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size });
    void pipeline(createReadStream(file), response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    env: {
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
    },
    hits: () => hits,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whole or not at all: an upload that breaks off leaves nothing. @returns the status to answer with */
async function store(request: IncomingMessage, file: string): Promise<number> {
  if (existsSync(file)) return 409;
  const part = `${file}-${randomBytes(4).toString('hex')}.part`;
  try {
    await pipeline(request, createWriteStream(part));
    renameSync(part, file);
    return 200;
  } catch {
    rmSync(part, { force: true });
    return 500;
  }
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const { atimeMs, mtimeMs } = statSync(file);
    if (name.endsWith('.part') || Date.now() - Math.max(atimeMs, mtimeMs) > keptMs) rmSync(file, { force: true });
  }
}

const answer = (response: ServerResponse, status: number): void => void response.writeHead(status).end();
