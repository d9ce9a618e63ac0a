import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterSecrets } from './secrets.js';

/** The servers of the cluster that take encrypted connections only. */
export const encryptedServers = ['postgres', 'nats'] as const;
export type Encrypted = (typeof encryptedServers)[number];

/** The key by which the Secret of whoever connects holds the certificate of the authority. */
export const authorityKeys: Readonly<Record<Encrypted, string>> = { postgres: 'DATABASE_CA', nats: 'NATS_CA' };

/** In PEM. The certificate of the authority, that of the server, and the server's key. */
export interface ServerCertificateText {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const isOfCertificate = (secret: string, key: string): boolean =>
  encryptedServers.some((server) => secret === `${server}-tls` || key === authorityKeys[server]);

const monthMs = 30 * 86_400_000;

/** @returns undefined when a part is missing, or it is valid for less than a month. */
export function knownCertificate(server: Encrypted, existing: ClusterSecrets): ServerCertificateText | undefined {
  const { 'tls.crt': cert, 'tls.key': key } = existing[`${server}-tls`] ?? {};
  const ca = existing[server]?.[authorityKeys[server]];
  if (!cert || !key || !ca) return undefined;
  const { validToDate } = new X509Certificate(cert);
  return validToDate.getTime() > Date.now() + monthMs ? { ca, cert, key } : undefined;
}

const script = join(import.meta.dirname, '../../../docker/certificates.sh');

/** For the names of the Service, and for a tunnel from this machine. @throws when openssl is missing, and says so */
export function makeCertificate(server: Encrypted): ServerCertificateText {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-certificate-'));
  const names = [`${server}.causeway`, `${server}.causeway.svc`, 'localhost', 'IP:127.0.0.1'];
  try {
    execFileSync('sh', [script, folder, server, ...names], { stdio: ['ignore', 'ignore', 'pipe'] });
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
    return { ca: read(`${server}-ca.crt`), cert: read(`${server}.crt`), key: read(`${server}.key`) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
