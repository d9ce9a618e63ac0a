import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerTrust } from '@causeway/persistence/session';
import { repository } from './places.js';
import type { ServerCertificate } from './postgres.js';

const encryptedServers = ['postgres', 'nats'] as const;
type Encrypted = (typeof encryptedServers)[number];

export type Certificates = Readonly<Record<Encrypted, ServerCertificate & { readonly caFile: string }>>;
/** Who vouches for each server. */
export type TrustedServers = Readonly<Record<Encrypted, ServerTrust>>;

const of = <T>(value: (server: Encrypted) => T): Readonly<Record<Encrypted, T>> =>
  Object.fromEntries(encryptedServers.map((server) => [server, value(server)])) as Record<Encrypted, T>;

/** What clients of the servers trust whose certificates are in a folder. */
export const trustIn = (folder: string): TrustedServers =>
  of((server) => ({ ca: readFileSync(join(folder, `${server}-ca.crt`), 'utf8') }));

/**
 * Makes the certificates of both servers with the script that Compose and kind use, or keeps those that are there and
 * valid for a month more.
 * @throws Error when openssl is missing, and says so
 */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const server of encryptedServers) {
    const args = [join(repository, 'docker/certificates.sh'), folder, server, 'localhost', 'IP:127.0.0.1'];
    const { status, stderr, error } = spawnSync('sh', args, { encoding: 'utf8' });
    if (status !== 0) throw error ?? new Error(stderr.trim());
  }
  const trust = trustIn(folder);
  return of((server) => ({
    ...trust[server],
    caFile: join(folder, `${server}-ca.crt`),
    certFile: join(folder, `${server}.crt`),
    keyFile: join(folder, `${server}.key`),
  }));
}
