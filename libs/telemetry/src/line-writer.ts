import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

export interface LineWriterOptions {
  /** File descriptor of the lines. Default 1, standard output. */
  readonly fd?: number;
  /** Told that lines are lost, at most once a minute. Default: a line on standard error. */
  readonly complain?: (text: string) => void;
  /** Told how many lines were lost, when the first is written again. */
  readonly recovered?: (lost: number) => void;
  /** `fs.writeSync` of Node. */
  readonly write?: (fd: number, bytes: Uint8Array) => number;
  /** Milliseconds. Default Date.now. */
  readonly now?: () => number;
}

const quietMs = 60_000;
/** How long a full pipe may hold up a line; its reader may only be slow. While lines are lost, nobody waits. */
const patienceMs = 1_000;
const pauseMs = 10;

/**
 * Writes lines synchronously, so that the last words of a crash are not lost. A line that cannot be written is lost: a full disk, or a
 * reader that has gone, must not end the work that the line is about. Every line tries anew, so it comes back by itself.
 */
export function lineWriter({
  fd = 1,
  complain = onStandardError,
  recovered = () => undefined,
  write = writeSync,
  now = Date.now,
}: LineWriterOptions = {}): DestinationStream {
  let lost = 0;
  let torn = false;
  let quietUntil = -Infinity;

  /** @throws what the system says, with `torn` telling whether half of the line stands there. */
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
        lost += 1;
        if (now() < quietUntil) return;
        quietUntil = now() + quietMs;
        complain(explain(error, lost));
        return;
      }
      if (lost === 0) return;
      const count = lost;
      lost = 0;
      quietUntil = -Infinity;
      recovered(count);
    },
  };
}

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);

function explain(error: unknown, lost: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy =
    code === 'EPIPE'
      ? 'Whatever read it has ended'
      : code === 'ENOSPC' || code === 'EDQUOT'
        ? 'Free some space on the disk that it goes to'
        : 'See to where it goes';
  return `Log lines are being lost (${lost} so far): standard output cannot be written (${message}). ${remedy}; the work goes on, and so do the lines as soon as they can be written.`;
}

function onStandardError(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Broken as well: nobody is left to be told.
  }
}
