import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from '@causeway/launcher/guard';
import { claimPort } from '@causeway/launcher/ports';

export interface ThrowAwayRegistry {
  /** `127.0.0.1:25000` */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry (CNCF Distribution 2.8) on the loopback interface, with data of its own. */
export async function startRegistry(program: string): Promise<ThrowAwayRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-registry-'));
  const claim = await claimPort();
  const address = `127.0.0.1:${claim.port}`;
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: folder } },
    http: { addr: address },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(settings));
  const child = guard(spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' }));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    claim.release();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const limitAt = performance.now() + 30_000; ;) {
    const answered = await fetch(`http://${address}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return { address, stop };
    if (child.exitCode !== null || performance.now() > limitAt) {
      await stop();
      throw new Error(`${program} did not start on ${address}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
