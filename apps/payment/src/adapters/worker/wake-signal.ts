/**
 * Tells the operation worker of this process that something is due. Without it (or from another process) the worker's
 * poll finds out.
 */
export class WakeSignal {
  private listener: () => void = () => undefined;

  wake(): void {
    this.listener();
  }

  onWake(listener: () => void): void {
    this.listener = listener;
  }
}
