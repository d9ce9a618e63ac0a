import type { Child, Exit } from './child.js';

/** A process that can be stopped, killed and started again, and tells when it ended without any of these. */
export class Restartable {
  private leaving = false;

  private readonly startAgain: () => Promise<Child>;
  private readonly onLost: ((exit: Exit) => void) | undefined;
  private child: Child;

  private constructor(startAgain: () => Promise<Child>, onLost: ((exit: Exit) => void) | undefined, child: Child) {
    this.startAgain = startAgain;
    this.onLost = onLost;
    this.child = child;
    this.watch(child);
  }

  static async start(start: () => Promise<Child>, onLost?: (exit: Exit) => void): Promise<Restartable> {
    return new Restartable(start, onLost, await start());
  }

  get pid(): number {
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.running;
  }

  async stop(): Promise<void> {
    this.leaving = true;
    await this.child.stop();
  }

  async kill(): Promise<void> {
    this.leaving = true;
    await this.child.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.child = await this.startAgain();
    this.leaving = false;
    this.watch(this.child);
  }

  private watch(child: Child): void {
    void child.exited.then((exit) => {
      if (child === this.child && !this.leaving) this.onLost?.(exit);
    });
  }
}
