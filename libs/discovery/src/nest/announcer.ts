import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import { announce, type Announcement, type AnnouncedEndpoint } from '../nats/announce.js';

const logger = getLogger('discovery');

export interface AnnouncerOptions {
  readonly service: string;
  readonly instanceId: string;
  readonly version: string;
  readonly advertiseUrl?: string;
  readonly endpoints?: readonly AnnouncedEndpoint[];
}

/** Announces this instance once its HTTP server listens, and says goodbye as the first step of a shutdown, while it still serves. */
export class Announcer implements OnApplicationBootstrap, OnModuleDestroy {
  private announcement?: Promise<Announcement | undefined>;
  private stopping = false;

  constructor(
    private readonly nc: NatsConnection,
    private readonly adapterHost: HttpAdapterHost,
    private readonly options: AnnouncerOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (this.adapterHost.httpAdapter === undefined) return;
    this.adapterHost.listen$.subscribe(() => {
      if (!this.stopping) this.announcement ??= this.start();
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await (await this.announcement)?.stop();
  }

  private async start(): Promise<Announcement | undefined> {
    const { service, instanceId, version, endpoints } = this.options;
    const url = this.options.advertiseUrl ?? listeningUrl(this.adapterHost.httpAdapter.getHttpServer() as Listening);
    try {
      const announcement = await announce(this.nc, {
        name: service,
        id: instanceId,
        version,
        endpoints,
        metadata: { url },
      });
      logger.info({ url }, `${service} ${instanceId} is announced`);
      return announcement;
    } catch (err) {
      logger.error({ err, url }, `${service} ${instanceId} could not be announced`);
      return undefined;
    }
  }
}

interface Listening {
  address(): AddressInfo | string | null;
}

/** The address that a server is bound to; for "every interface" the first one that others can reach. */
export function listeningUrl(server: Listening): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a TCP port; set DISCOVERY_ADVERTISE_URL');
  const everywhere = address.address === '::' || address.address === '0.0.0.0';
  const host = everywhere ? (firstReachable() ?? '127.0.0.1') : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

const firstReachable = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((face) => face !== undefined && face.family === 'IPv4' && !face.internal)?.address;
