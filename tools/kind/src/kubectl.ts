import type { CommandOptions, CommandResult } from '@causeway/launcher/run';
import { must as mustRun, run as runCommand } from './run.js';

const ours = 'causeway';
export { ours as namespace };
/** Owner of the fields that we apply (server-side apply). */
export const fieldManager = '--field-manager=causeway-kind';

/** `kubectl` for one context and one namespace (default: ours), independent of the user's current context. */
export class Kubectl {
  constructor(
    readonly context: string,
    readonly namespace: string = ours,
  ) {}

  /** @throws Refused with what kubectl said */
  must(args: readonly string[], options?: CommandOptions): Promise<string> {
    return mustRun(['kubectl', '--context', this.context, '--namespace', this.namespace, ...args], options);
  }

  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return runCommand(['kubectl', '--context', this.context, '--namespace', this.namespace, ...args], options);
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.must([...args, '--output=json'])) as T;
  }

  /** Lists the objects of some kinds: `jobs,pods`. */
  async list<T>(kinds: string): Promise<T[]> {
    return (await this.json<{ items: T[] }>(['get', kinds])).items;
  }
}
