import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhen } from './describe-when.js';
import { throwAwayFolder } from './throw-away.js';

export interface TestCertificate {
  /** The certificate of the authority, in PEM: what clients trust. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Whether {@link certificateFor} can make certificates. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** `describe` where it can. */
export const withOpenssl = describeWhen(hasOpenssl, {
  missing: 'openssl is not installed',
  remedy: 'install it (Debian: apt-get install openssl)',
});

const script = join(import.meta.dirname, '../../../docker/certificates.sh');

/**
 * Makes a certificate for a server, with an authority of its own, as Compose and kind do. The files go at the end of
 * the process.
 * @param host Its host name. @param others Further names, or `IP:127.0.0.1`.
 */
export function certificateFor(host: string, ...others: readonly string[]): TestCertificate {
  const { path } = throwAwayFolder('certificates');
  execFileSync('sh', [script, path, host, ...others]);
  return {
    ca: readFileSync(join(path, `${host}-ca.crt`), 'utf8'),
    certFile: join(path, `${host}.crt`),
    keyFile: join(path, `${host}.key`),
  };
}
