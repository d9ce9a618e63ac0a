import { hostname } from 'node:os';
import { durationMs, integer, port, secret, text, withDefault, type Settings } from '@causeway/config';
import { idleConnectionMs } from '@causeway/contracts/keep-alive';

/**
 * A semantic version as it is; anything else, such as the tag of an image, as a pre-release: `main-42` → `0.0.0-main-42`.
 * Discovery announces it, and the NATS Services protocol accepts nothing else.
 */
const semanticVersion = text()
  .max(64)
  .transform((version) =>
    /^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version)
      ? version
      : `0.0.0-${version.replace(/[^0-9A-Za-z.-]/g, '-')}`,
  );

/** Settings of every process that `runService` starts. */
export const hostSettings = {
  /** The address that the service listens on; 0.0.0.0 in a container. */
  HTTP_HOST: withDefault(text(), '127.0.0.1'),
  /** 0 lets the system choose. */
  HTTP_PORT: port(),
  /** Where health and governance are served. Default: HTTP_HOST. */
  MANAGEMENT_HOST: text().optional(),
  /** 0 lets the system choose. Never published to customers. */
  MANAGEMENT_PORT: port(),
  /** Bearer token of `/governance`. Without it, anyone who reaches the management port can read it. */
  MANAGEMENT_TOKEN: secret().optional(),
  /** Bearer token of the role operator: it may also change the log level. Without it, nobody can. */
  OPERATOR_TOKEN: secret().optional(),
  /** Version of the build. The images and the launcher set it; the default says that neither started the process. */
  SERVICE_VERSION: withDefault(semanticVersion, 'dev'),
  /** Commit of the build, set likewise. */
  SERVICE_COMMIT: text().max(64).optional(),
  /** The name of this instance in logs, traces and discovery: letters, digits, `-`, `_`. */
  INSTANCE_ID: withDefault(text().max(64), `${hostname().slice(0, 48).replaceAll('.', '-')}-${process.pid}`),
  /** How long an idle connection is kept. Must exceed the callers' own limit: see `idleConnectionMs`. */
  HTTP_KEEP_ALIVE_MS: withDefault(durationMs(10_000, 3_600_000), String(idleConnectionMs.server)),
  /** How long a stopping instance keeps serving in any case, so that load balancers notice. */
  SHUTDOWN_DELAY_MS: withDefault(durationMs(0, 60_000), '0'),
  /** How long an instance keeps serving after SIGTERM while connections are open, so that no client finds an idle one cut. */
  SHUTDOWN_DRAIN_MS: withDefault(durationMs(0, 600_000), String(idleConnectionMs.drain)),
  /** How long work in flight may take after that before it is cut off. */
  SHUTDOWN_GRACE_MS: withDefault(durationMs(100, 600_000), '25000'),
  /** Default deadline of a request, and the longest that a client may ask for. */
  REQUEST_DEADLINE_MS: withDefault(durationMs(10, 600_000), '3000'),
  /** The largest request body, bytes. */
  BODY_LIMIT_BYTES: withDefault(integer(1_024, 104_857_600), '262144'),
};
export type HostSettings = Settings<typeof hostSettings>;
