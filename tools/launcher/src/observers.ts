import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess } from './managed-process.js';
import { observePrograms } from './observe-programs.js';
import { repository } from './places.js';
import { claimPort } from './ports.js';
import { onLost } from './revive.js';
import { note, type Running, type SystemOptions } from './running.js';
import { statusOf } from './service-instance.js';
import type { Ports } from './wiring.js';

/** Prometheus and Alertmanager beside a system. */
export interface Observers {
  readonly prometheus: string;
  readonly alertmanager: string;
  stop(): Promise<void>;
}

/** The first choice of a laptop: where everybody looks for them. */
const wanted = { prometheus: 9090, alertmanager: 9093 } as const;

/**
 * Starts both with the rules and routes of `docker/observe`, on the loopback interface only. The programs may have to be
 * fetched first, once per machine.
 */
export async function startObservers(running: Running, options: SystemOptions): Promise<Observers> {
  const { paths, ports, say } = running;
  const programs = await observePrograms({ log: say, signal: options.signal });
  const where = options.ports ?? 'laptop';
  const claims = {
    prometheus: await claimPort(where === 'any' ? undefined : wanted.prometheus),
    alertmanager: await claimPort(where === 'any' ? undefined : wanted.alertmanager),
  };
  const folder = join(paths.folder, 'observe');
  writeConfiguration(folder, ports, claims.alertmanager.port);
  const server = (name: string, command: string, port: number, args: readonly string[]): ManagedProcess =>
    new ManagedProcess({
      name,
      command,
      cwd: programs.cwd,
      args: [
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.external-url=${urlAt(port)}`,
        '--log.level=warn',
        ...args,
      ],
      env: { PATH: process.env['PATH'] },
      logFile: paths.log(name.toLowerCase()),
      order: 0,
      watchdog: running.watchdog,
      isReady: async () => (await statusOf(`${urlAt(port)}/-/ready`)) === 200,
      onLost: onLost(running, options.supervise),
      onChange: () => note(running),
    });
  const alertmanager = server('Alertmanager', programs.alertmanager, claims.alertmanager.port, [
    `--config.file=${join(folder, 'alertmanager.yaml')}`,
    `--storage.path=${join(folder, 'alertmanager')}`,
    // Alone: without this it listens to peers, on every interface.
    '--cluster.listen-address=',
  ]);
  const prometheus = server('Prometheus', programs.prometheus, claims.prometheus.port, [
    `--config.file=${join(folder, 'laptop.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    '--storage.tsdb.retention.time=7d',
    // A minute, otherwise: what fires before Alertmanager is there would reach it late.
    '--rules.alert.resend-delay=10s',
  ]);
  const observers: Observers = {
    prometheus: urlAt(claims.prometheus.port),
    alertmanager: urlAt(claims.alertmanager.port),
    stop: async () => {
      await Promise.all([prometheus.stop(), alertmanager.stop()]);
      Object.values(claims).forEach(({ release }) => release());
    },
  };
  // Before they run, so that a stop during the start finds them.
  running.observers = observers;
  await Promise.all([prometheus.start(), alertmanager.start()]);
  return observers;
}

const urlAt = (port: number): string => `http://127.0.0.1:${port}`;

/** The checked-in files, and beside them the two lists that they refer to. */
function writeConfiguration(folder: string, { services }: Ports, alertmanagerPort: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const file of ['laptop.yaml', 'rules.yaml', 'alertmanager.yaml'])
    copyFileSync(join(repository, 'docker/observe', file), join(folder, file));
  const targets = Object.entries(services).flatMap(([job, addresses]) =>
    addresses.map(({ managementPort }, index) => ({
      targets: [`127.0.0.1:${managementPort}`],
      labels: { job, instance: `${job}-${index + 1}` },
    })),
  );
  writeFileSync(join(folder, 'targets.json'), JSON.stringify(targets, null, 2));
  writeFileSync(
    join(folder, 'alertmanagers.json'),
    JSON.stringify([{ targets: [`127.0.0.1:${alertmanagerPort}`], labels: {} }]),
  );
}
