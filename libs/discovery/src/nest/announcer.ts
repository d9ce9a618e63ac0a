import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { getLogger, type CallStatistics } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import { announce, type Announcement, type AnnouncedEndpoint } from '../nats/announce.js';

const log = getLogger('discovery');

export interface AnnouncerOptions {
  readonly service: string;
  readonly instanceId: string;
  readonly version: string;
  readonly commit?: string;
  readonly zone?: string;
  readonly advertiseUrl?: string;
  /** What it serves over NATS. Asked at each INFO and STATS. */
  readonly endpoints?: () => readonly AnnouncedEndpoint[];
  /** What it has served over HTTP. */
  readonly statistics?: CallStatistics;
  /** Aborts when the process is asked to stop. */
  readonly stopping?: AbortSignal;
}

/**
 * Announces this instance once its HTTP server listens, and its departure while it still serves: when `stopping`
 * aborts, or else as the first step of the shutdown.
 */
export class Announcer implements OnApplicationBootstrap, OnModuleDestroy {
  private announcement?: Promise<Announcement | undefined>;
  private left?: Promise<void>;

  constructor(
    private readonly nc: NatsConnection,
    private readonly adapterHost: HttpAdapterHost,
    private readonly options: AnnouncerOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (this.adapterHost.httpAdapter === undefined) return;
    const { stopping } = this.options;
    if (stopping?.aborted) return;
    stopping?.addEventListener('abort', () => void this.leave(), { once: true });
    this.adapterHost.listen$.subscribe(() => {
      if (!this.left) this.announcement ??= this.start();
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.leave();
  }

  private leave(): Promise<void> {
    return (this.left ??= Promise.resolve(this.announcement)
      .then((announcement) => announcement?.stop())
      .catch((err: unknown) => {
        log.warn({ err }, 'the departure could not be announced; others drop this instance after missed pings');
      }));
  }

  private async start(): Promise<Announcement | undefined> {
    const { service, instanceId, version, commit, zone } = this.options;
    const url = this.options.advertiseUrl ?? listeningUrl(this.adapterHost.httpAdapter.getHttpServer() as Listening);
    try {
      // Not before it is needed: making the hash takes about 20 ms.
      const { contractsHash } = await import('@causeway/contracts/published');
      const build = { ...(commit !== undefined && { commit }), contracts: contractsHash() };
      const announcement = await announce(this.nc, {
        name: service,
        id: instanceId,
        version,
        endpoints: () => this.endpoints(url),
        metadata: { url, ...build, ...(zone !== undefined && { zone }) },
      });
      log.info({ url }, `${service} ${instanceId} announced`);
      return announcement;
    } catch (err) {
      log.error({ err, url }, `${service} ${instanceId} could not be announced; others do not find it`);
      return undefined;
    }
  }

  /**
   * HTTP is listed as well: for most services it is all they serve. Its subject is only a name, nobody listens there.
   */
  private endpoints(url: string): AnnouncedEndpoint[] {
    const { endpoints, statistics } = this.options;
    const http = { name: 'http', subject: 'http', queueGroup: '', metadata: { url }, statistics };
    return [...(statistics ? [http] : []), ...(endpoints?.() ?? [])];
  }
}

interface Listening {
  address(): AddressInfo | string | null;
}

/** The address a server is bound to; for "every interface", the first one that others can reach: IPv4, else IPv6. */
export function listeningUrl(server: Listening): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a TCP port; set DISCOVERY_ADVERTISE_URL');
  const everywhere = address.address === '::' || address.address === '0.0.0.0';
  const host = everywhere ? (firstReachable() ?? '127.0.0.1') : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function firstReachable(): string | undefined {
  const faces = Object.values(networkInterfaces()).flatMap((face) => face ?? []);
  const outside = faces.filter(({ internal, scopeid }) => !internal && !scopeid);
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address;
}
