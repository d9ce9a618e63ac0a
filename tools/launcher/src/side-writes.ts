import { statfsSync } from 'node:fs';

/** Returns what the user can do about a failed write; undefined where the system's own message has to suffice. */
export function remedyOfWrite(error: unknown): string | undefined {
  const { code, path, message = '' } = error as NodeJS.ErrnoException;
  const where = path ? `The disk that holds ${path}` : 'A disk';
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left on device|disk quota exceeded/i.test(message))
    return `${where} is full: free some space and start again.`;
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return `${path ?? 'A file'} may not be written: make it writable, or keep the data elsewhere (npm start -- --folder <path>).`;
  return undefined;
}

const quietMs = 60_000;

/**
 * For writes that help but are not essential: notes for the next start, stamps. Reports a failure once a minute per
 * file at most.
 */
export function sideWrites(warn: (line: string) => void, now: () => number = Date.now) {
  const quietUntil = new Map<string, number>();
  return (file: string, meaning: string, write: () => void): void => {
    try {
      write();
      quietUntil.delete(file);
    } catch (error) {
      if (now() < (quietUntil.get(file) ?? 0)) return;
      quietUntil.set(file, now() + quietMs);
      warn(`${file} cannot be written (${(error as Error).message}): ${meaning}`);
    }
  };
}

const mebibyte = 1_048_576;
const lowBytes = 32 * mebibyte;
const enoughBytes = 2 * lowBytes;

/** Free bytes of the disk that holds a folder, for an account without special rights. */
const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/**
 * Reports when the disk of the data folder is full, and when it has space again: the logs of services, PostgreSQL and
 * NATS are on that disk, too. Looks every 10 s.
 */
export function watchDisk(
  folder: string,
  report: { readonly warn: (line: string) => void; readonly recovered: () => void },
  free: (folder: string) => number = freeBytes,
): { look(): void; stop(): void } {
  let low = false;
  const look = (): void => {
    let bytes: number;
    try {
      bytes = free(folder);
    } catch {
      return; // The folder is gone; its users will report that.
    }
    if (!low && bytes < lowBytes) {
      low = true;
      report.warn(
        `The disk that holds ${folder} is full (${Math.floor(bytes / mebibyte)} MB left): log lines are lost, and PostgreSQL and NATS refuse ` +
          'to write. Free some space. If orders do not go on then, stop and start again: NATS may have switched its storage off.',
      );
    } else if (low && bytes > enoughBytes) {
      low = false;
      report.warn(`The disk that holds ${folder} has space again.`);
      report.recovered();
    }
  };
  const timer = setInterval(look, 10_000).unref();
  return { look, stop: () => clearInterval(timer) };
}
