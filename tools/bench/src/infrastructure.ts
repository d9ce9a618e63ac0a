import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '@causeway/config';
import { startNats, type NatsServer } from '@causeway/launcher/nats';
import { startPostgres, type PostgresServer } from '@causeway/launcher/postgres';
import { jetStreamServer, MessagingModule, type MessagingOptions } from '@causeway/messaging';
import { natsSettings } from '@causeway/messaging/settings';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Type } from '@nestjs/common';

/** Runs work with a folder of its own, and removes it. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs work with a broker of its own. */
export const withNats = <T>(work: (nats: NatsServer) => Promise<T>): Promise<T> =>
  inFolder(async (folder) => {
    const nats = await startNats({ folder: join(folder, 'nats'), logFile: join(folder, 'nats.log') });
    try {
      return await work(nats);
    } finally {
      await nats.stop();
    }
  });

/** Runs work with a PostgreSQL of its own, which flushes what it commits. */
export const withPostgres = <T>(work: (postgres: PostgresServer) => Promise<T>): Promise<T> =>
  inFolder(async (folder) => {
    const postgres = await startPostgres({
      folder: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      password: 'bench',
    });
    try {
      return await work(postgres);
    } finally {
      await postgres.stop();
    }
  });

/** A Nest application with our transport, and nothing else. */
export async function messagingApp(
  servers: string,
  { controllers, ...options }: Omit<MessagingOptions, 'settings'> & { readonly controllers: Type[] },
): Promise<NestFastifyApplication> {
  const messaging = MessagingModule.forRoot({
    ...options,
    settings: loadSettings(natsSettings, { NATS_URL: servers }),
  });
  class BenchModule {}
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: BenchModule, imports: [messaging], controllers },
    new FastifyAdapter(),
    { logger: false },
  );
  app.connectMicroservice({ strategy: jetStreamServer(app) });
  await app.startAllMicroservices();
  await app.init();
  return app;
}
