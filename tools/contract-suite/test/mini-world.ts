import { checksOf, runCheck, World, type CheckResult } from '@causeway/contract-suite';
import { miniTarget } from './mini-target.js';

export const checks = checksOf(miniTarget);

/** A world around the small service, which can be broken while it runs. */
export class MiniWorld {
  private constructor(readonly world: World) {}

  static async start(): Promise<MiniWorld> {
    return new MiniWorld(await World.start(miniTarget));
  }

  /** Runs one check. @param reason See `runCheck`. */
  run(id: string, reason?: string): Promise<CheckResult> {
    const check = checks.find((each) => each.id === id);
    if (!check) throw new Error(`there is no check ${id}`);
    return runCheck(this.world, check, reason);
  }

  /** Runs one check while the service breaks one promise. */
  async runWith(fault: string, id: string): Promise<CheckResult> {
    await this.setFault(fault);
    const result = await this.run(id);
    await this.setFault('none');
    return result;
  }

  private async setFault(name: string): Promise<void> {
    const fault = { method: 'PUT', body: name, headers: { connection: 'close' } };
    await fetch(`${this.world.managementUrl}/fault`, fault);
  }

  /** Starts the service anew. @param fault Default: none. */
  async restart(fault = ''): Promise<void> {
    await this.world.process.end();
    this.world.settings['FAULT'] = fault;
    await this.world.startService();
  }

  async stop(): Promise<void> {
    await this.world.stop();
  }
}
