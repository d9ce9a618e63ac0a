import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Shows new lines of log files, each with the name of its source. Looks every 200 ms: services write to files, not to
 * pipes, so that they can continue when the launcher is gone.
 * @returns stops it
 */
export function tailLogs(
  files: readonly { readonly name: string; readonly file: string }[],
  show: (line: string) => void,
): () => void {
  const width = Math.max(...files.map(({ name }) => name.length));
  const readers = files.map(({ name, file }) => lineReader(file, (line) => show(`${name.padEnd(width)} | ${line}`)));
  const timer = setInterval(() => readers.forEach((read) => read()), 200);
  return () => {
    clearInterval(timer);
    readers.forEach((read) => read());
  };
}

function lineReader(file: string, show: (line: string) => void): () => void {
  const buffer = Buffer.alloc(64 * 1024);
  const decoder = new TextDecoder();
  let [position, rest] = [0, ''];
  return () => {
    let handle: number;
    try {
      handle = openSync(file, 'r');
    } catch {
      return; // Not written yet.
    }
    try {
      if (fstatSync(handle).size < position) position = 0; // Started afresh.
      for (
        let count = readSync(handle, buffer, 0, buffer.length, position);
        count > 0;
        count = readSync(handle, buffer, 0, buffer.length, position)
      ) {
        position += count;
        const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(show);
      }
    } finally {
      closeSync(handle);
    }
  };
}

/** Returns the last lines of a log for an error message; of JSON lines, what a person reads. */
export function lastLines(file: string, count = 12): string {
  try {
    return endOf(file).trimEnd().split('\n').slice(-count).map(readable).join('\n');
  } catch {
    return '(no log)';
  }
}

/** At most 64 KiB: a log may be larger than memory, or an endless device. */
function endOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const buffer = Buffer.alloc(Math.min(size, 65_536));
    return buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, size - buffer.length)).toString();
  } finally {
    closeSync(handle);
  }
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { level, msg, detail, remedy, err } = JSON.parse(line) as Record<string, unknown>;
    const parts = [msg, detail, (err as { message?: string } | undefined)?.message, remedy];
    return `${String(level)}: ${[...new Set(parts.filter(Boolean))].join('; ')}`;
  } catch {
    return line;
  }
}
