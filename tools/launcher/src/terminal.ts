import { appendFileSync } from 'node:fs';

/** Prints to the terminal. Lines that cannot be written there (`npm start | head`, a closed terminal) go to a log. */
export class Terminal {
  /** The log; its folder exists once something was started. */
  logFile: string | undefined;

  readonly print = (line: string): void => this.write(process.stdout, line);
  readonly printError = (line: string): void => this.write(process.stderr, line);

  private readonly pending = new Set<Promise<void>>();

  /** Waits until everything is printed or logged. */
  async flush(): Promise<void> {
    await Promise.all(this.pending);
  }

  private write(stream: NodeJS.WriteStream, line: string): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.pending.add(promise);
    stream.write(`${line}\n`, (error) => {
      if (error) this.log(line);
      this.pending.delete(promise);
      resolve();
    });
  }

  private log(line: string): void {
    if (this.logFile === undefined) return;
    try {
      appendFileSync(this.logFile, `${new Date().toISOString()} ${line}\n`);
    } catch {
      // A full disk: `watchDisk` has said so where it could.
    }
  }
}
