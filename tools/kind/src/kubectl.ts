import { must, run, type Outcome, type RunOptions } from './run.js';

const ours = 'causeway';
export { ours as namespace };
/** Whose the fields are that we apply. */
export const fieldManager = '--field-manager=causeway-kind';

/** `kubectl` for one context and one namespace, by default ours, whatever the current context of the person is. */
export class Kubectl {
  constructor(
    readonly context: string,
    readonly namespace: string = ours,
  ) {}

  /** @throws Refused with what kubectl said. */
  must(args: readonly string[], options?: RunOptions): Promise<string> {
    return must(['kubectl', '--context', this.context, '--namespace', this.namespace, ...args], options);
  }

  run(args: readonly string[], options?: RunOptions): Promise<Outcome> {
    return run(['kubectl', '--context', this.context, '--namespace', this.namespace, ...args], options);
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.must([...args, '--output=json'])) as T;
  }

  /** The objects of some kinds. */
  async list<T>(kinds: string): Promise<T[]> {
    return (await this.json<{ items: T[] }>(['get', kinds])).items;
  }
}
