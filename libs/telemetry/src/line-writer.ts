import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

export interface LineWriterOptions {
  /** File descriptor of the lines. Default 1, standard output. */
  readonly fd?: number;
  /** Called at most once a minute while lines are lost. Default: writes a line to standard error. */
  readonly onLoss?: (text: string) => void;
  /** Called with the number of lost lines when the first line is written again. */
  readonly onRecovery?: (lost: number) => void;
  /** Default: Node's `fs.writeSync`. */
  readonly write?: (fd: number, bytes: Uint8Array) => number;
  /** Milliseconds. Default Date.now. */
  readonly now?: () => number;
}

const quietMs = 60_000;
/** How long a full pipe may delay a line, because its reader may just be slow. While lines are being lost, no line waits. */
const patienceMs = 1_000;
const pauseMs = 10;

/**
 * Collects the lines of one turn of the event loop and writes them together: under load, one system call for many lines.
 * What is left is written when the process exits, also after an uncaught error. Only a process that is killed, or that
 * blocks its event loop, keeps the lines of its last turn to itself.
 */
export function turnWriter(destination: DestinationStream): DestinationStream & { flushSync(): void } {
  let lines = '';
  const flushSync = (): void => {
    if (lines === '') return;
    const all = lines;
    lines = '';
    destination.write(all);
  };
  process.on('exit', flushSync);
  return {
    write: (line) => {
      if (lines === '') setImmediate(flushSync);
      lines += line;
    },
    // pino calls it after a fatal line.
    flushSync,
  };
}

/**
 * Writes lines synchronously, so that the last lines before a crash are kept. It takes one line at a time, or several. A line that cannot be written is lost: a
 * full disk, or a reader that has gone, must not stop the work that the line is about. Every line tries again, so
 * writing resumes as soon as it can.
 */
export function lineWriter({
  fd = 1,
  onLoss = writeToStandardError,
  onRecovery = () => undefined,
  write = writeSync,
  now = Date.now,
}: LineWriterOptions = {}): DestinationStream {
  let lost = 0;
  let torn = false;
  let quietUntil = -Infinity;

  /** @throws the system's error; `torn` then says whether part of the line was written. */
  const writeAll = (bytes: Uint8Array): void => {
    const limitAt = now() + (lost === 0 ? patienceMs : 0);
    for (let done = 0; done < bytes.length;) {
      try {
        done += write(fd, bytes.subarray(done));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN' && now() < limitAt) {
          pause();
          continue;
        }
        torn ||= done > 0;
        throw error;
      }
    }
    torn = false;
  };

  return {
    write: (line) => {
      try {
        writeAll(Buffer.from(torn ? `\n${line}` : line));
      } catch (error) {
        lost += line.split('\n').length - 1;
        if (now() < quietUntil) return;
        quietUntil = now() + quietMs;
        onLoss(explain(error, lost));
        return;
      }
      if (lost === 0) return;
      const count = lost;
      lost = 0;
      quietUntil = -Infinity;
      onRecovery(count);
    },
  };
}

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);

function explain(error: unknown, lost: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy =
    code === 'EPIPE'
      ? 'The process that reads it has exited'
      : code === 'ENOSPC' || code === 'EDQUOT'
        ? 'Free some space on its disk'
        : 'Check where it is redirected to';
  return `Log lines are being lost (${lost} so far): standard output cannot be written (${message}). ${remedy}. The process keeps working, and logging resumes as soon as lines can be written.`;
}

function writeToStandardError(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Standard error is broken, too.
  }
}
